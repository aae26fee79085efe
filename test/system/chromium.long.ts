/** The unmodified clients in a real browser at the front door's own address: over stops and moves their upgrades bear no cookie. */
import { openGuestPages } from '../support/guest-pages.ts';
import { testDocumentPage, testTabs } from '../support/page-moves.ts';

const pages = openGuestPages();

testTabs(pages, false);
testDocumentPage(pages, false);
