/** Bounds of the wire that are no settings: each with the reason for its size. */

/** Fields of an answer: a page may set dozens of cookies. */
export const answerFieldsMax = 200;
/** Bytes that a client may send ahead of the answer that it waits for; then its socket is not read. */
export const readAheadMaxBytes = 65_536;
/**
 * A span up to this size is copied into one write with the head before it; a larger one is lent to the socket, and what little
 * of it waits for a slow client must not keep a much larger buffer alive.
 */
export const joinedSpanMaxBytes = 16_384;
/** After our last words we read on for so long: a reset for unread bytes would take them from the client. */
export const lingerMs = 1_000;
/** Exchanges that may wait for a connection to one edge, for each connection that there may be. */
export const waitingPerConnection = 4;
/** An answer other than 101 to a handshake is small: an error text. */
export const handshakeAnswerMaxBytes = 65_536;
/** Reads from edges: a page of 64 KiB and its head in one; memory that no answer is large enough for is never touched. */
export const readBufferBytes = 131_072;

/**
 * Requests that clients sent ahead of their answers, or over HTTP/2, which are begun in one turn of the event loop, all clients of a
 * listener together.
 */
export const aheadPerTurn = 8;
