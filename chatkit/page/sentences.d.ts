// sentences.js is made by the server, from its catalogue, in the language of whoever opens the page.

/** Sentences by code; those with a count are one for each plural category. */
declare const sentences: Record<
  string,
  string | ({ other: string } & Partial<Record<Intl.LDMLPluralRule, string>>)
>;

export default sentences;
