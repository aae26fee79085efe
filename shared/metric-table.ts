/** Every metric: one closed list, from which `docs/metrics.md` is generated. Labels are bounded sets: never a key, an address or a user. */
import { dashboardMetricTable } from './dashboard-metric-table.ts';
import { limitMetricTable } from './limit-metric-table.ts';
import { poolMetricTable } from './pool-metric-table.ts';

export interface MetricEntry {
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly help: string;
  readonly labels: readonly string[];
  readonly buckets?: readonly number[];
}

export const seconds = [0.001, 0.005, 0.025, 0.1, 0.25, 0.5, 1, 2.5, 10, 60];

export const metricTable = {
  ct_proxy_exchanges_total: {
    type: 'counter',
    help: 'Settled exchanges by kind, status class and edge.',
    labels: ['kind', 'class', 'edge'],
  },
  ct_proxy_exchange_seconds: {
    type: 'histogram',
    help: 'Time from the request head to the first byte of the answer.',
    labels: ['kind'],
    buckets: seconds,
  },
  ct_proxy_exchanges_open: { type: 'gauge', help: 'Exchanges in flight.', labels: ['kind'] },
  ct_proxy_accept_failures_total: {
    type: 'counter',
    help: 'Times that no connection could be taken in for want of descriptors or memory; on native sockets.',
    labels: [],
  },
  ct_proxy_upstream_waiting: {
    type: 'gauge',
    help: 'Exchanges that wait for a connection to an edge.',
    labels: [],
  },
  ct_proxy_bytes_total: { type: 'counter', help: 'Body and tunnel bytes.', labels: ['direction'] },
  ct_proxy_rejected_total: { type: 'counter', help: 'Exchanges refused, by error code.', labels: ['code'] },
  ct_proxy_placements_total: { type: 'counter', help: 'Placements by reason.', labels: ['reason'] },
  ct_proxy_races_lost_total: {
    type: 'counter',
    help: 'Placements that found the key placed by somebody else in the meantime.',
    labels: [],
  },
  ct_proxy_retries_total: {
    type: 'counter',
    help: 'Exchanges sent a second time, by cause.',
    labels: ['cause'],
  },
  ct_proxy_reconciled_total: {
    type: 'counter',
    help: 'Differences between what edges hold and what the directory says, by repair: restored, marked-live, marked-idle, fenced.',
    labels: ['action'],
  },
  ct_proxy_repinned_total: {
    type: 'counter',
    help: 'Pins of edges that are over, moved in the background and not because somebody asked for them.',
    labels: [],
  },
  ct_proxy_split_detected_total: {
    type: 'counter',
    help: 'Keys that two edges had at the same time; must stay 0.',
    labels: [],
  },
  ct_proxy_provisional_pins: {
    type: 'gauge',
    help: 'Keys that were placed while the store did not answer, and are not in it yet.',
    labels: [],
  },
  ct_proxy_outage_refusals_total: {
    type: 'counter',
    help: 'New keys refused while the store did not answer: `edge-silent`: an edge that may have it said nothing, `cut-off`: others reach the store, `no-word`: others said nothing of it, `not-wanted`: CT_STORE_OUTAGE.',
    labels: ['reason'],
  },
  ct_proxy_pins: { type: 'gauge', help: 'Pins in the directory.', labels: [] },
  ct_proxy_pin_cache_hits_total: { type: 'counter', help: 'Look-ups answered by the pin cache.', labels: [] },
  ct_proxy_edge_state: {
    type: 'gauge',
    help: '1 for the state that an edge is in.',
    labels: ['edge', 'state'],
  },
  ct_proxy_edge_load: {
    type: 'gauge',
    help: 'Load score of an edge as placement sees it.',
    labels: ['edge'],
  },
  ct_proxy_upgrades_total: {
    type: 'counter',
    help: 'Upgrades that were agreed on, by who carries their bytes (edge, front-door) and why (handed; else what kept the edge from taking the connection).',
    labels: ['carrier', 'reason'],
  },
  ct_proxy_http2_connections: { type: 'gauge', help: 'Open client connections of HTTP/2.', labels: [] },
  ct_proxy_http2_floods_total: {
    type: 'counter',
    help: 'Client connections of HTTP/2 that were ended for what the client did: rapid-reset, streams, continuation, ping, settings, invalid-frames, window-stall, protocol.',
    labels: ['flood'],
  },
  ct_proxy_moves_total: {
    type: 'counter',
    help: 'Moves of sessions, by outcome: moved, refused, rolled-back, lost.',
    labels: ['outcome'],
  },
  ct_proxy_move_seconds: {
    type: 'histogram',
    help: 'Time that newcomers of a session waited while it moved.',
    labels: [],
    buckets: seconds,
  },
  ct_proxy_gate_waiting: {
    type: 'gauge',
    help: 'Exchanges that wait until their session has moved.',
    labels: [],
  },
  ct_proxy_drain_left: {
    type: 'gauge',
    help: 'Sessions that an edge that is being emptied still has.',
    labels: ['edge'],
  },
  ct_proxy_directory_seconds: {
    type: 'histogram',
    help: 'Time that a placement spent on its questions to the directory.',
    labels: [],
    buckets: seconds,
  },
  ct_proxy_outage_members: {
    type: 'gauge',
    help: 'Edges that would take new keys if the directory failed now.',
    labels: [],
  },
  ct_proxy_directory_up: { type: 'gauge', help: '1 while the directory answers.', labels: [] },
  ct_proxy_handshakes_total: {
    type: 'counter',
    help: 'TLS handshakes with clients, by version and whether they went on with an earlier session.',
    labels: ['version', 'resumed'],
  },
  ct_proxy_handshake_failures_total: {
    type: 'counter',
    help: 'TLS handshakes that came to nothing, by reason: timeout, version, cipher, protocol, plain-http, distrusted, left, other.',
    labels: ['reason'],
  },
  ct_proxy_certificate_expiry_seconds: {
    type: 'gauge',
    help: 'When the certificate of a name expires (Unix time); default is the one for clients that name no host.',
    labels: ['name'],
  },
  ct_proxy_certificates_refused: {
    type: 'gauge',
    help: 'Certificates whose files were not taken when they were last read; what was served before is served on.',
    labels: [],
  },
  ct_proxy_certificate_reloads_total: {
    type: 'counter',
    help: 'Readings of changed certificates, by outcome: loaded, refused (one of them at least).',
    labels: ['outcome'],
  },
  ct_proxy_log_dropped_total: {
    type: 'counter',
    help: 'Lines of the log that were dropped, for nobody took them; counted when it goes on.',
    labels: [],
  },
  ct_edge_log_dropped_total: {
    type: 'counter',
    help: 'Lines of the log that were dropped, for nobody took them; counted when it goes on.',
    labels: [],
  },
  ct_edge_sessions: { type: 'gauge', help: 'Sessions on this edge.', labels: ['adapter'] },
  ct_edge_members: { type: 'gauge', help: 'Connected members.', labels: ['adapter'] },
  ct_edge_messages_total: {
    type: 'counter',
    help: 'Messages by adapter and direction.',
    labels: ['adapter', 'direction'],
  },
  ct_edge_bytes_total: {
    type: 'counter',
    help: 'Message bytes by direction.',
    labels: ['adapter', 'direction'],
  },
  ct_edge_refused_total: {
    type: 'counter',
    help: 'Requests, members and messages refused, by error code.',
    labels: ['code'],
  },
  ct_edge_slowed_total: {
    type: 'counter',
    help: 'Pauses of members who sent too fast, by what they sent too much of (messages, bytes) or what waits (commit).',
    labels: ['adapter', 'limit'],
  },
  ct_edge_sessions_ended_total: {
    type: 'counter',
    help: 'Open Collaboration sessions that ended, by reason.',
    labels: ['reason'],
  },
  ct_edge_outbox_bytes: {
    type: 'gauge',
    help: 'Bytes kept for members until they have confirmed them.',
    labels: [],
  },
  ct_edge_resumes_total: {
    type: 'counter',
    help: 'Members who came back and missed nothing.',
    labels: [],
  },
  ct_edge_gaps_total: {
    type: 'counter',
    help: 'Members who came back and were brought up to date as newcomers, by the bound that was exceeded.',
    labels: ['code'],
  },
  ct_edge_handover_bytes: {
    type: 'gauge',
    help: 'Bytes of sessions that are between two edges and kept here.',
    labels: [],
  },
  ct_edge_sessions_forgotten_total: {
    type: 'counter',
    help: 'Sessions whose documents were removed because nobody used them for long.',
    labels: [],
  },
  ct_edge_roster_seconds: {
    type: 'histogram',
    help: 'Time of a write of a session’s roster, for which whoever joins waits.',
    labels: [],
    buckets: seconds,
  },
  ct_edge_roster_failures_total: {
    type: 'counter',
    help: 'Writes of rosters, and questions for them, that the store failed.',
    labels: [],
  },
  ct_edge_rosters_behind: {
    type: 'gauge',
    help: 'Sessions whose roster is not stored as it is, because the store fails; nobody new is let into them.',
    labels: [],
  },
  ct_edge_journal_waiting: {
    type: 'gauge',
    help: 'Records of the journal that no front door has stored yet.',
    labels: [],
  },
  ct_edge_journal_dropped: {
    type: 'gauge',
    help: 'Records of the journal that were dropped since the start, because too many waited.',
    labels: [],
  },
  ct_proxy_journal_waiting: {
    type: 'gauge',
    help: 'Records of the journal of this front door that are not stored yet.',
    labels: [],
  },
  ct_proxy_journal_dropped: {
    type: 'gauge',
    help: 'Records of the journal that this front door dropped since the start, because too many waited.',
    labels: [],
  },
  ct_edge_handed_connections: {
    type: 'gauge',
    help: 'Open connections of clients that front doors of the same machine have handed on.',
    labels: [],
  },
  ct_edge_commit_seconds: {
    type: 'histogram',
    help: 'Time of a group commit of document updates.',
    labels: [],
    buckets: seconds,
  },
  ...poolMetricTable,
  ...limitMetricTable,
  ...dashboardMetricTable,
} as const satisfies Record<string, MetricEntry>;

export type MetricName = keyof typeof metricTable;
