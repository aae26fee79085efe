/** `docs/events.md`: every event that may stand in the log. */
import { logEvents } from '#shared/log.ts';
import { code, renderTable } from './markdown-table.ts';

const intro = `# Log events

The log is one JSON object a line on standard output, with \`level\`, \`time\`, \`role\`, \`pid\`, \`event\` and the facts of the
event. \`error\`: a person must act. \`warn\`: degraded and healing. \`info\`: changes of state and settled exchanges. A line
never holds a body, token, cookie or session key: keys stand in it as a keyed hash.`;

export function renderEventsPage(): string {
  const rows = Object.entries(logEvents).map(([event, meaning]) => [code(event), meaning]);
  return `${intro}\n\n${renderTable(['Event', 'Meaning'], rows)}`;
}
