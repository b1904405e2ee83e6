// Days and times as a person near the page reads them.

import { locale, say } from "./words.js";

/** @param {Date} date */
const startOfDay = (date) => new Date(date.getFullYear(), date.getMonth(), date.getDate());

/**
 * Whole days from today to `date`, in the local calendar: -1 is yesterday.
 * @param {Date} date
 */
function daysFromToday(date) {
  return Math.round((startOfDay(date).getTime() - startOfDay(new Date()).getTime()) / 86_400_000);
}

/** @param {Date} date */
function shortDay(date) {
  const year = date.getFullYear() === new Date().getFullYear() ? undefined : "numeric";
  return new Intl.DateTimeFormat(locale, { day: "numeric", month: "short", year }).format(date);
}

/**
 * `{short, full}` of an ISO time: the clock alone for today, else with the day.
 * @param {string} iso
 */
export function localTime(iso) {
  const date = new Date(iso);
  if (Number.isNaN(date.getTime())) return { short: "", full: "" };
  const clock = new Intl.DateTimeFormat(locale, { timeStyle: "short" }).format(date);
  const full = new Intl.DateTimeFormat(locale, { dateStyle: "full", timeStyle: "short" });
  const short = daysFromToday(date) === 0 ? clock : `${shortDay(date)}, ${clock}`;
  return { short, full: full.format(date) };
}

/**
 * The heading under which something of that time is listed.
 * @param {string} iso
 */
export function dayGroup(iso) {
  const days = daysFromToday(new Date(iso));
  if (days >= 0) return say("page.today"); // a server clock may run ahead of ours
  if (days === -1) return say("page.yesterday");
  return days >= -7 ? say("page.last_week") : say("page.older");
}

/**
 * `{text, overdue}` for a due day such as `2026-11-30`, which has no time zone.
 * @param {string} day
 * @param {boolean} completed
 */
export function dueLabel(day, completed) {
  const [year, month, date] = day.split("-").map(Number);
  const due = new Date(year, month - 1, date);
  const days = daysFromToday(due);
  if (days < 0 && !completed) {
    return { text: say("page.overdue", { day: shortDay(due) }), overdue: true };
  }
  if (days === 0) return { text: say("page.due_today"), overdue: false };
  if (days === 1) return { text: say("page.due_tomorrow"), overdue: false };
  return { text: say("page.due", { day: shortDay(due) }), overdue: false };
}
