// Who the person at the page is: a guest, the owner of a pasted token, or of the site's cookie.
//
// A guest's token is in a cookie that no script can read; localStorage holds only which guest it is,
// so that the page notices when it has become another one. A pasted token lives in sessionStorage and
// goes with the tab.

/** @typedef {"missing" | "expired" | "refused"} SignInReason */
/** @typedef {(path: string, init?: RequestInit) => Promise<Response>} Send */
/** @typedef {{ user_id: string, token?: string }} StoredGuest */

const GUEST_KEY = "chatkit.guest";
const TOKEN_KEY = "chatkit.token";
const LOST_KEY = "chatkit.guest_lost";

/**
 * The page cannot go on before the person signs in. `reason` is "missing", "expired" or "refused",
 * `advice` what the server says of it.
 */
export class SignInNeeded extends Error {
  /**
   * @param {SignInReason} reason
   * @param {string} advice
   */
  constructor(reason, advice = "") {
    super(`sign-in ${reason}`);
    this.reason = reason;
    this.advice = advice;
  }
}

export class Account {
  /** @type {Send} */
  #send; // (path, init) -> Response, or throws ApiError when the server is out of reach
  #token = sessionStorage.getItem(TOKEN_KEY);
  /** @type {"cookie" | string | null} */
  #who = null; // the guest, or whoever the cookie of the site names
  /** @type {string | null} */
  #former = null; // who the person was before a refusal
  /** @type {Promise<void> | null} */
  #arrival = null;

  /** Called with no argument when the person has become another user. */
  onUserChanged = () => {};

  /** @param {Send} send */
  constructor(send) {
    this.#send = send;
  }

  /** Whether there is a pasted token that signing out would forget. */
  get canSignOut() {
    return this.#token !== null;
  }

  /** Who the person is in every tab of this browser; null for the owner of a token, which is of one tab. */
  get commonId() {
    return this.#token === null ? this.#who : null;
  }

  /**
   * The headers that make a request this person's. Throws SignInNeeded.
   * @returns {Promise<Record<string, string>>}
   */
  async headers() {
    if (this.#token !== null) return bearer(this.#token);
    if (this.#who === null) await this.#arriveOnce();
    return {};
  }

  /** After a 401: get other credentials, or throw SignInNeeded. The request may then be repeated. */
  async recover() {
    if (this.#token !== null) {
      this.signOut();
      throw new SignInNeeded("expired");
    }
    this.#former = this.#who;
    this.#who = null;
    if (this.#former === "cookie") throw new SignInNeeded("expired");
    await this.#arriveOnce();
  }

  /**
   * Use a pasted token from now on. Throws SignInNeeded("refused") when the server does not take it.
   * @param {string} pasted
   */
  async signIn(pasted) {
    const token = pasted.trim().replace(/^bearer\s+/i, "");
    const possible = /^[\x21-\x7e]+$/.test(token); // anything else cannot stand in a header
    if (!possible || !(await this.#opens(bearer(token)))) throw new SignInNeeded("refused");
    this.#token = token;
    sessionStorage.setItem(TOKEN_KEY, token);
  }

  signOut() {
    this.#token = null;
    sessionStorage.removeItem(TOKEN_KEY);
  }

  /** @param {Record<string, string>} headers */
  async #opens(headers) {
    const response = await this.#send("api/tasks?limit=1", { headers });
    if (!response.ok && response.status !== 401 && response.status !== 403) throw response;
    return response.ok;
  }

  /**
   * One arrival at a time, in all tabs: two would make two guests.
   * @returns {Promise<void>}
   */
  #arriveOnce() {
    const arrive = () => this.#arrive();
    this.#arrival ??= (
      navigator.locks ? navigator.locks.request(GUEST_KEY, arrive) : arrive()
    ).finally(() => {
      this.#arrival = null;
    });
    return this.#arrival;
  }

  /** Become the guest of the cookie, for thirty days from now, or a new one, or whom the site's cookie names. */
  async #arrive() {
    const former = readGuest();
    let response = await this.#askForGuest(former);
    if (response.status === 401) response = await this.#askForGuest(null); // that guest is over
    if (response.ok) {
      const { user_id } = await response.json();
      localStorage.setItem(GUEST_KEY, JSON.stringify({ user_id }));
      this.#who = user_id;
      const before = this.#former ?? former?.user_id;
      if (before !== undefined && before !== user_id) {
        sessionStorage.setItem(LOST_KEY, "");
        this.onUserChanged();
      }
      return;
    }
    if (response.status !== 403 && response.status !== 404) throw response;
    if (!(await this.#opens({}))) throw new SignInNeeded("missing", await adviceIn(response));
    localStorage.removeItem(GUEST_KEY);
    this.#who = "cookie";
  }

  /**
   * A guest who was here before there was the cookie shows the token that is still stored.
   * @param {StoredGuest | null} former
   */
  #askForGuest(former) {
    const headers = {
      "Content-Type": "application/json",
      ...(former?.token === undefined ? {} : bearer(former.token)),
    };
    const body = JSON.stringify({ cookie: true });
    return this.#send("api/auth/guest", { method: "POST", headers, body });
  }
}

/** Whether the guest of this browser was lost since the page was last shown; it says so once. */
export function wasGuestLost() {
  const lost = sessionStorage.getItem(LOST_KEY) !== null;
  sessionStorage.removeItem(LOST_KEY);
  return lost;
}

/** @param {Response} response */
async function adviceIn(response) {
  try {
    const { error } = await response.json();
    return error.code === "guests_off" ? String(error.message) : "";
  } catch {
    return "";
  }
}

/** @param {string} token */
const bearer = (token) => ({ Authorization: `Bearer ${token}` });

/** @returns {StoredGuest | null} */
function readGuest() {
  try {
    const guest = JSON.parse(localStorage.getItem(GUEST_KEY) ?? "null");
    return typeof guest?.user_id === "string" ? guest : null;
  } catch {
    return null;
  }
}
