/** Two front doors that are far from their database; one that is cut off from it is in `test/system/store-network.test.ts`. */
import { testFarDatabase } from '../support/store-cuts.ts';

testFarDatabase(300);
