/** Where everything stands on the pool map: pure, from the picture and the width that there is. */
import { placesOfEdge } from '../live/picture.ts';
import type { Picture } from '../live/picture.ts';
import { edgesInOrder } from './edge-order.ts';

export interface MapBox {
  readonly id: string;
  readonly state: string;
  readonly sessions: number;
  /** Sessions without a dot. */
  readonly hidden: number;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export interface MapDot {
  readonly key: string;
  readonly x: number;
  readonly y: number;
  /** One of a few colours, always the same one for a session. */
  readonly hue: number;
}

const gap = 10;
const boxMinWidth = 150;
const smallBoxMinWidth = 105;
/** Above so many edges boxes are small. */
const largeBoxesMax = 16;
const labelHeight = 44;
const pitch = 18;
const padding = 8;
const hues = 6;

export function layOut(
  picture: Picture,
  width: number,
): { boxes: MapBox[]; dots: MapDot[]; height: number; isSmall: boolean } {
  const edges = edgesInOrder(picture);
  const byEdge = Map.groupBy(Object.entries(picture.places), ([, edge]) => edge);
  const isSmall = edges.length > largeBoxesMax;
  const minWidth = isSmall ? smallBoxMinWidth : boxMinWidth;
  const columns = Math.max(1, Math.min(edges.length, Math.floor((width + gap) / (minWidth + gap))));
  const boxWidth = (width - gap * (columns - 1)) / columns;
  const inRow = Math.max(1, Math.floor((boxWidth - 2 * padding) / pitch));
  const most = Math.max(0, ...[...byEdge.values()].map((list) => list.length));
  const boxHeight = labelHeight + Math.max(1, Math.ceil(most / inRow)) * pitch + padding;
  const boxes: MapBox[] = [];
  const dots: MapDot[] = [];
  edges.forEach(([id, { state, sessions }], i) => {
    const x = (i % columns) * (boxWidth + gap);
    const y = Math.floor(i / columns) * (boxHeight + gap);
    const keys = (byEdge.get(id) ?? []).map(([key]) => key).toSorted();
    boxes.push({
      id,
      state,
      sessions,
      // Figures and places come at different times: fewer than there is room for are on their way.
      hidden: sessions > placesOfEdge(edges.length) ? sessions - keys.length : 0,
      x,
      y,
      width: boxWidth,
      height: boxHeight,
    });
    keys.forEach((key, n) => {
      const dotX = x + padding + (n % inRow) * pitch;
      const dotY = y + labelHeight + Math.floor(n / inRow) * pitch;
      dots.push({ key, x: dotX, y: dotY, hue: hueOf(key) });
    });
  });
  const rows = Math.ceil(edges.length / columns);
  // In one order whatever moves, so that a browser keeps each dot and lets it glide.
  dots.sort((a, b) => (a.key < b.key ? -1 : 1));
  return { boxes, dots, height: rows * (boxHeight + gap), isSmall };
}

function hueOf(key: string): number {
  let sum = 0;
  for (let i = 0; i < key.length; i++) sum = (sum * 31 + key.charCodeAt(i)) % 9_973;
  return sum % hues;
}
