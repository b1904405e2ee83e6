// The server's public API as the page uses it. Addresses are relative to the page, so that it also
// works below a path prefix.

import { Account } from "./auth.js";
import { readFrames } from "./sse.js";
import { say } from "./words.js";

/** A request that failed, with a sentence for the person. `status` is 0 when no answer came. */
export class ApiError extends Error {
  /**
   * @param {number} status
   * @param {string} code
   * @param {string} message
   */
  constructor(status, code, message) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

/** Not `randomUUID`, which pages without TLS do not have. */
const newKey = () =>
  [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16)).join("");

const metadata = () => ({ time_zone: Intl.DateTimeFormat().resolvedOptions().timeZone });

/**
 * fetch, where no answer at all becomes an ApiError; an abort stays an AbortError.
 * @param {string} path
 * @param {RequestInit} init
 */
async function send(path, init = {}) {
  try {
    return await fetch(new URL(path, document.baseURI), init);
  } catch (error) {
    throw init.signal?.aborted ? error : unreachable();
  }
}

const unreachable = () =>
  new ApiError(0, "network", navigator.onLine ? say("page.network") : say("page.offline_fault"));

/** @param {Response} response */
async function failure(response) {
  const { status } = response;
  const { error } = await response.json().catch(() => ({}));
  let message = error?.message;
  if (typeof message !== "string" || message === "") {
    message =
      status === 429
        ? say("page.too_many")
        : status >= 500
          ? say("page.server")
          : say("page.refused");
  }
  return new ApiError(status, error?.code ?? "unknown", asSentence(message));
}

/**
 * Messages about a field begin with its name, and others as a clause.
 * @param {string} text
 */
export const asSentence = (text) => text[0].toUpperCase() + text.slice(1);

/**
 * What `work` gives; a response that it throws becomes an ApiError.
 * @template Result
 * @param {() => Promise<Result>} work
 * @returns {Promise<Result>}
 */
async function worded(work) {
  try {
    return await work();
  } catch (error) {
    throw error instanceof Response ? await failure(error) : error;
  }
}

export class Api {
  account = new Account(send);

  /**
   * The response to a request in the person's name; a file is sent as it is. Throws ApiError or SignInNeeded.
   * @param {string} path
   * @param {RequestOptions} options
   * @returns {Promise<Response>}
   */
  async request(path, { method = "GET", body, signal, headers = {} } = {}) {
    const attempt = async () =>
      send(path, {
        method,
        signal,
        headers: {
          ...headers,
          ...(await this.account.headers()),
          ...(body === undefined ? {} : { "Content-Type": "application/json" }),
        },
        body: body === undefined || body instanceof Blob ? body : JSON.stringify(body),
      });
    return worded(async () => {
      let response = await attempt();
      if (response.status === 401) {
        await this.account.recover();
        response = await attempt();
      }
      if (!response.ok) throw response;
      return response;
    });
  }

  /** Find out who the person is. Throws ApiError or SignInNeeded. */
  ready() {
    return worded(() => this.account.headers());
  }

  /**
   * Go on as the owner of a pasted token. Throws ApiError or SignInNeeded.
   * @param {string} token
   */
  signIn(token) {
    return worded(() => this.account.signIn(token));
  }

  /**
   * A page of threads, the last used first. Throws ApiError or SignInNeeded.
   * @param {number} limit
   * @param {string | null} after where the page before has ended
   * @returns {Promise<PageOf<Thread>>}
   */
  async threads(limit, after) {
    const query = new URLSearchParams({
      limit: String(limit),
      ...(after === null ? {} : { after }),
    });
    return (await this.request(`api/chatkit/threads?${query}`)).json();
  }

  /**
   * The JSON answer to one ChatKit request that does not stream.
   * @template {keyof ChatAnswers} Type
   * @param {Type} type
   * @param {object} params
   * @returns {Promise<ChatAnswers[Type]>}
   */
  async chat(type, params) {
    const body = { type, params, metadata: metadata() };
    const response = await this.request("api/chatkit", { method: "POST", body });
    return response.json();
  }

  /**
   * The events of one ChatKit request that streams.
   * @param {string} type
   * @param {object} params
   * @param {AbortSignal} signal
   * @returns {AsyncGenerator<ThreadEvent, void>}
   */
  async *stream(type, params, signal) {
    const body = { type, params, metadata: metadata() };
    // What is sent once more by the person is meant; by a proxy it is not.
    const headers = { "Idempotency-Key": newKey() };
    yield* events(
      await this.request("api/chatkit", { method: "POST", body, signal, headers }),
      signal,
    );
  }

  /**
   * All events of the answer that is being written in a thread; none when none is.
   * @param {string} threadId
   * @param {AbortSignal} signal
   * @returns {AsyncGenerator<ThreadEvent, void>}
   */
  async *follow(threadId, signal) {
    const path = `api/chatkit/threads/${encodeURIComponent(threadId)}/events`;
    yield* events(await this.request(path, { signal }), signal);
  }

  /**
   * Stop the answer that is being written in a thread.
   * @param {string} threadId
   */
  cancel(threadId) {
    const path = `api/chatkit/threads/${encodeURIComponent(threadId)}/cancel`;
    return this.request(path, { method: "POST" });
  }

  /**
   * What this server offers in the composer; nothing when it does not say.
   * @returns {Promise<Options>}
   */
  async options() {
    try {
      return await (await this.request("api/chatkit/options")).json();
    } catch (error) {
      if (error instanceof ApiError && error.status === 404) return {};
      throw error;
    }
  }

  /**
   * What can be mentioned under a name that begins so.
   * @param {string} text
   * @returns {Promise<Entity[]>}
   */
  async entities(text) {
    const response = await this.request(`api/chatkit/entities?${new URLSearchParams({ q: text })}`);
    return (await response.json()).data;
  }

  /**
   * Send the bytes of a file to where an `upload_descriptor` says. `onProgress(part)` is given how much
   * has gone, 0 to 1. Throws ApiError; an abort is an AbortError.
   * @param {UploadDescriptor} target
   * @param {File} file
   * @param {{ signal: AbortSignal, onProgress: (part: number) => void }} options
   * @returns {Promise<void>}
   */
  upload({ url, method, headers }, file, { signal, onProgress }) {
    const request = new XMLHttpRequest(); // fetch does not tell how much has gone
    return new Promise((resolve, reject) => {
      request.open(method, url);
      for (const [name, value] of Object.entries(headers ?? {})) {
        request.setRequestHeader(name, value);
      }
      request.upload.addEventListener(
        "progress",
        ({ loaded, total }) => total > 0 && onProgress(loaded / total),
      );
      request.addEventListener("load", () => {
        if (request.status >= 200 && request.status < 300) resolve();
        else failure(new Response(request.response, { status: request.status })).then(reject);
      });
      request.addEventListener("error", () => reject(unreachable()));
      request.addEventListener("abort", () =>
        reject(new DOMException("The upload was given up.", "AbortError")),
      );
      signal.addEventListener("abort", () => request.abort());
      request.send(method === "PUT" ? file : formOf(file));
    });
  }

  /**
   * Everything of the person's, or one thread, as a file `{name, content}`; `format` is "json" or "markdown".
   * @param {"json" | "markdown"} format
   * @param {string | null} threadId
   */
  async exportData(format, threadId = null) {
    const query = new URLSearchParams({
      format,
      ...(threadId === null ? {} : { thread_id: threadId }),
    });
    const response = await this.request(`api/chatkit/export?${query}`);
    const disposition = response.headers.get("content-disposition") ?? "";
    const name = /filename="([^"]+)"/.exec(disposition)?.[1] ?? "export";
    try {
      return { name, content: await response.blob() };
    } catch {
      throw new ApiError(0, "cut", say("page.download_cut"));
    }
  }

  /**
   * Add what is in a file. Returns how much was added and how much was there, of threads and of tasks.
   * @param {File} file
   * @returns {Promise<ImportCounts>}
   */
  async importData(file) {
    return (await this.request("api/chatkit/import", { method: "POST", body: file })).json();
  }

  /** Delete everything that the server keeps for the person. */
  eraseData() {
    return this.request("api/chatkit/me", { method: "DELETE" });
  }

  /**
   * A page of tasks, newest first, and how many there are in all.
   * @param {{ status: string, after?: string|null, limit?: number }} range
   * @returns {Promise<{ tasks: Task[], total: number }>}
   */
  async listTasks({ status, after = null, limit = 50 }) {
    const range = { status, limit: String(limit) };
    const query = new URLSearchParams(after === null ? range : { ...range, after });
    const response = await this.request(`api/tasks?${query}`);
    const tasks = await response.json();
    return { tasks, total: Number(response.headers.get("x-total-count") ?? tasks.length) };
  }

  /** @param {string} title */
  addTask(title) {
    return this.request("api/tasks", { method: "POST", body: { title } });
  }

  /**
   * @param {string} id
   * @param {boolean} completed
   */
  completeTask(id, completed) {
    const path = `api/tasks/${encodeURIComponent(id)}/complete`;
    return this.request(path, { method: "PATCH", body: { completed } });
  }

  /** @param {string} id */
  deleteTask(id) {
    return this.request(`api/tasks/${encodeURIComponent(id)}`, { method: "DELETE" });
  }

  /**
   * Take the last change of a task back.
   * @param {string} id
   */
  restoreTask(id) {
    return this.request(`api/tasks/${encodeURIComponent(id)}/restore`, { method: "POST" });
  }
}

/** @param {File} file */
function formOf(file) {
  const form = new FormData();
  form.append("file", file, file.name);
  return form;
}

/**
 * The events in a response, as they come. A frame that is no JSON object is passed over.
 * @param {Response} response
 * @param {AbortSignal} signal
 * @returns {AsyncGenerator<ThreadEvent, void>}
 */
async function* events(response, signal) {
  if (response.body === null) return; // a status that has none
  const frames = readFrames(response.body);
  for (;;) {
    let step;
    try {
      step = await frames.next();
    } catch (error) {
      throw signal.aborted ? error : new ApiError(0, "cut", say("page.cut"));
    }
    if (step.done) return;
    const event = parseObject(step.value.data);
    if (event !== null) yield event;
  }
}

/**
 * @param {string} text
 * @returns {ThreadEvent | null}
 */
function parseObject(text) {
  try {
    const value = JSON.parse(text);
    return typeof value === "object" ? value : null;
  } catch {
    return null;
  }
}
