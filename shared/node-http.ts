/**
 * Node's HTTP module without what its import would load: that reads every export, among them `WebSocket`, and so loads the whole
 * client behind `fetch`, 40 to 70 ms of each start.
 */
export const { Agent, METHODS, STATUS_CODES, createServer, get, request } =
  process.getBuiltinModule('node:http');
