/**
 * Which session sits where: a box for each edge, a dot for each session, which goes from box to box as it moves. The same as text
 * stands below, for whom the picture is nothing.
 */
import { useEffect, useRef, useState } from 'preact/hooks';
import type { JSX } from 'preact';
import type { Picture } from '../../live/picture.ts';
import type { PageProps } from '../page-props.ts';
import { edgesInOrder } from '../edge-order.ts';
import { layOut } from '../map-layout.ts';
import type { MapBox } from '../map-layout.ts';

export function MapPage({ live: { picture } }: PageProps): JSX.Element {
  const place = useRef<HTMLDivElement>(null);
  const width = useWidth(place);
  return (
    <>
      <section class="panel" aria-label="Pool map">
        <p class="note">
          A box is an edge, a dot a session, which keeps its colour as it moves. Of edges with many sessions
          some are shown.
        </p>
        <div ref={place}>
          {picture === undefined || width === 0 ? null : <PoolMap picture={picture} width={width} />}
        </div>
      </section>
      {picture === undefined ? null : <MapText picture={picture} />}
    </>
  );
}

function PoolMap({ picture, width }: { picture: Picture; width: number }): JSX.Element {
  const { boxes, dots, height, isSmall } = layOut(picture, width);
  const { sessions, edges } = picture.pool;
  return (
    <div
      class="map"
      role="img"
      aria-label={`${sessions} sessions on ${edges} edges`}
      style={{ height: `${height}px` }}
    >
      {boxes.map((box) => (
        <div
          key={`box ${box.id}`}
          class={`box state-${box.state}`}
          title={isSmall ? `${box.id}: ${captionOf(box)}` : undefined}
          style={{
            transform: `translate(${box.x}px,${box.y}px)`,
            width: `${box.width}px`,
            height: `${box.height}px`,
          }}
        >
          <span class="box-name">{box.id}</span>
          <span class="box-count">{isSmall ? shortCaptionOf(box) : captionOf(box)}</span>
        </div>
      ))}
      {dots.map(({ key, x, y, hue }) => (
        <span
          key={`dot ${key}`}
          class={`dot hue-${hue}`}
          title={key}
          data-session={key}
          style={{ transform: `translate(${x}px,${y}px)` }}
        />
      ))}
    </div>
  );
}

function captionOf({ state, sessions, hidden }: MapBox): string {
  const count = `${sessions} ${sessions === 1 ? 'session' : 'sessions'}`;
  return `${count}${state === 'ready' ? '' : `, ${state}`}${hidden > 0 ? `, ${hidden} not shown` : ''}`;
}

/** How it is counts more than what is counted. */
function shortCaptionOf({ state, sessions }: MapBox): string {
  return `${sessions}${state === 'ready' ? ' sessions' : `, ${state}`}`;
}

const namedMax = 12;

function MapText({ picture }: { picture: Picture }): JSX.Element {
  const byEdge = Map.groupBy(Object.entries(picture.places), ([, edge]) => edge);
  return (
    <details class="panel">
      <summary>The map as text</summary>
      <ul>
        {edgesInOrder(picture).map(([id, edge]) => {
          const keys = (byEdge.get(id) ?? []).map(([key]) => key);
          const more = edge.sessions - Math.min(keys.length, namedMax);
          return (
            <li key={id}>
              <a href={`#/sessions/${id}`}>{id}</a> ({edge.state}): {edge.sessions} sessions
              {keys.length === 0 ? '' : `: ${keys.slice(0, namedMax).join(', ')}`}
              {keys.length > 0 && more > 0 ? ` and ${more} more` : ''}
            </li>
          );
        })}
      </ul>
    </details>
  );
}

function useWidth(place: { readonly current: HTMLElement | null }): number {
  const [width, setWidth] = useState(0);
  useEffect(() => {
    const element = place.current!;
    const size = new ResizeObserver(() => setWidth(element.clientWidth));
    size.observe(element);
    return () => size.disconnect();
  }, []);
  return width;
}
