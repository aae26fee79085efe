/** Where a host or a guest of the command line is told what happens, and asked: a terminal, or a program that reads JSON. */
import type { Applicant, News, Standing } from './core/news.ts';

export interface Desk {
  tell(news: News): void;
  /** Somebody wants to come in; false where there is nobody to ask, or no answer. */
  ask(applicant: Applicant): Promise<boolean>;
  /** What is true now, for a line that stays. */
  show(standing: Standing): void;
}
