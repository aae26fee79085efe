/** Clients that read no answer, before a front door on sockets of Node. */
import { testUnreadAnswers } from '../support/unread-answers.ts';

testUnreadAnswers('off');
