// Who the person at the page is: a guest, the owner of a pasted token, or of the site's cookie.
//
// A guest's token lives in localStorage, so that the guest is the same after a restart of the browser
// and in every tab; a pasted token lives in sessionStorage and goes with the tab.

/** @typedef {"missing" | "expired" | "refused"} SignInReason */
/** @typedef {(path: string, init?: RequestInit) => Promise<Response>} Send */
/** @typedef {{ token: string, user_id: string, expires_at: number }} Guest */

const GUEST_KEY = "chatkit.guest";
const TOKEN_KEY = "chatkit.token";
const RENEW_BEFORE_MS = 60_000;

/** The page cannot go on before the person signs in. `reason` is "missing", "expired" or "refused". */
export class SignInNeeded extends Error {
  /** @param {SignInReason} reason */
  constructor(reason) {
    super(`sign-in ${reason}`);
    this.reason = reason;
  }
}

export class Account {
  /** @type {Send} */
  #send; // (path, init) -> Response, or throws ApiError when the server is out of reach
  #token = sessionStorage.getItem(TOKEN_KEY);
  #cookie = false;
  #guest = readGuest();
  /** @type {Promise<void> | null} */
  #renewal = null;

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
    if (this.#token !== null) return null;
    return this.#cookie ? "cookie" : (this.#guest?.user_id ?? null);
  }

  /**
   * The headers that make a request this person's. Throws SignInNeeded.
   * @returns {Promise<Record<string, string>>}
   */
  async headers() {
    if (this.#token !== null) return bearer(this.#token);
    if (this.#cookie) return {};
    if (!isFresh(this.#guest)) await this.#renewOnce();
    return this.#cookie || this.#guest === null ? {} : bearer(this.#guest.token);
  }

  /** After a 401: get other credentials, or throw SignInNeeded. The request may then be repeated. */
  async recover() {
    if (this.#token !== null) {
      this.signOut();
      throw new SignInNeeded("expired");
    }
    if (this.#cookie) {
      this.#cookie = false;
      throw new SignInNeeded("expired");
    }
    await this.#renewOnce({ refused: this.#guest?.token });
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
   * One renewal at a time, in all tabs: two would make two guests.
   * @param {{ refused?: string | null }} options
   * @returns {Promise<void>}
   */
  #renewOnce({ refused = null } = {}) {
    const renew = () => this.#renew(refused);
    this.#renewal ??= (
      navigator.locks ? navigator.locks.request(GUEST_KEY, renew) : renew()
    ).finally(() => {
      this.#renewal = null;
    });
    return this.#renewal;
  }

  /** @param {string | null} refused */
  async #renew(refused) {
    const before = this.#guest?.user_id;
    const stored = readGuest(); // another tab may have renewed it
    if (isFresh(stored) && stored.token !== refused) {
      this.#guest = stored;
    } else {
      this.#guest = await this.#askForGuest(stored);
    }
    if (before !== undefined && before !== this.#guest?.user_id) this.onUserChanged();
  }

  /**
   * A guest, the same as `former` where the server still knows it; null when the cookie is used.
   * @param {Guest | null} former
   * @returns {Promise<Guest | null>}
   */
  async #askForGuest(former) {
    let response = await this.#send("api/auth/guest", {
      method: "POST",
      headers: former ? bearer(former.token) : {},
    });
    if (former && response.status === 401) {
      response = await this.#send("api/auth/guest", { method: "POST" });
    }
    if (response.ok) {
      const { token, user_id, expires_in } = await response.json();
      const guest = { token, user_id, expires_at: Date.now() + expires_in * 1000 };
      localStorage.setItem(GUEST_KEY, JSON.stringify(guest));
      return guest;
    }
    if (response.status !== 403 && response.status !== 404) throw response;
    localStorage.removeItem(GUEST_KEY);
    if (!(await this.#opens({}))) throw new SignInNeeded("missing");
    this.#cookie = true;
    return null;
  }
}

/** @param {string} token */
const bearer = (token) => ({ Authorization: `Bearer ${token}` });

/**
 * @param {Guest | null} guest
 * @returns {guest is Guest}
 */
const isFresh = (guest) => guest !== null && guest.expires_at - Date.now() > RENEW_BEFORE_MS;

/** @returns {Guest | null} */
function readGuest() {
  try {
    const guest = JSON.parse(localStorage.getItem(GUEST_KEY) ?? "null");
    return typeof guest?.token === "string" && typeof guest.expires_at === "number" ? guest : null;
  } catch {
    return null;
  }
}
