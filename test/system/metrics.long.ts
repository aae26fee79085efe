/** A real StatsD server is told what the pool does, by TCP. */
import { testStatsd } from '../support/statsd-pool.ts';

testStatsd('tcp');
