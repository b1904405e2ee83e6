// Threads as the server has them.

/** @typedef {{ items: ThreadItem[], more: boolean }} ItemPage */

const PAGE = 40;

/**
 * A thread and the page of its newest items: `{thread, items, more}`, oldest first.
 * @param {import("./api.js").Api} api
 * @param {string} threadId
 */
export async function readThread(api, threadId) {
  const { items, ...thread } = await api.chat("threads.get_by_id", { thread_id: threadId });
  // That page is the oldest one. A longer thread is shown from its newest end.
  const page = items.has_more ? await readItems(api, threadId) : { items: items.data, more: false };
  return { thread, ...page };
}

/**
 * A page of items, the newest ones or those before the item `before`: `{items, more}`, oldest first.
 * @param {import("./api.js").Api} api
 * @param {string} threadId
 * @param {string | null} [before]
 * @returns {Promise<ItemPage>}
 */
export async function readItems(api, threadId, before = null) {
  const params = { thread_id: threadId, order: "desc", limit: PAGE };
  const page = await api.chat(
    "items.list",
    before === null ? params : { ...params, after: before },
  );
  return { items: page.data.reverse(), more: page.has_more };
}
