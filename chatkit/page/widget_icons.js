// Icons that widgets name. Each is one path on a 24 × 24 grid, drawn as a line.

const SVG = "http://www.w3.org/2000/svg";
const RING = "M12 3.5a8.5 8.5 0 1 0 0 17 8.5 8.5 0 0 0 0-17z";
const PAGE = "M6.5 3.5h7.5l4 4v13h-11.5zM13.5 3.5v4.5h4.5";
const PENCIL = "M4 20l1-4.5L16 4.5l3.5 3.5L8.5 19zM13.5 7l3.5 3.5";
const STAR = "M12 3.5l2.6 5.4 5.9.8-4.3 4.1 1 5.9-5.2-2.8-5.2 2.8 1-5.9-4.3-4.1 5.9-.8z";
const BUBBLE_PERSON = "M12 11.5a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM4.5 20.5c.6-4 3.6-6 7.5-6s6.9 2 7.5 6";
const BOOK =
  "M5 5.5c2.5-1 5-.8 7 .8 2-1.6 4.5-1.8 7-.8v13c-2.5-1-5-.8-7 .8-2-1.6-4.5-1.8-7-.8zM12 6.3v13";
const CLOSED_BOOK = "M6 4h12.5v16.5H7.5A1.5 1.5 0 0 1 6 19zM6 18.5c0-1 .7-1.5 1.5-1.5h11";
const FRAME = "M4 5h16v14H4z";

/** @type {Record<string, string>} */
const PATHS = {
  agent: "M5 9h14v10H5zM12 9V5M12 4.5v.01M9.5 13.5v.01M14.5 13.5v.01M9.5 16.5h5M2.5 13v3M21.5 13v3",
  analytics: "M4 19.5h16M6.5 16l4-5 3.5 3 4.5-7",
  atom: "M12 12v.01M12 7c5 0 9 2.2 9 5s-4 5-9 5-9-2.2-9-5 4-5 9-5zM12 3c2.8 0 5 4 5 9s-2.2 9-5 9-5-4-5-9 2.2-9 5-9z",
  batch: "M4 8l8-4 8 4-8 4zM4 12l8 4 8-4M4 16l8 4 8-4",
  bolt: "M13.5 3L5.5 13.5h5.5L10.5 21l8-10.5h-5.5z",
  "book-open": BOOK,
  "book-closed": CLOSED_BOOK,
  "book-clock": `${CLOSED_BOOK}M12.5 7.5v3l2 1`,
  bug: "M8 10a4 4 0 0 1 8 0v5a4 4 0 0 1-8 0zM9.5 6.5L8 4.5M14.5 6.5l1.5-2M8 10L4.5 8M8 13.5H4M8.5 17L5 19M16 10l3.5-2M16 13.5h4M15.5 17l3.5 2",
  calendar: "M4.5 6h15v14h-15zM4.5 10.5h15M8.5 3.5V7M15.5 3.5V7",
  chart: "M4 20h16M7 16.5v-5M12 16.5V6M17 16.5v-8",
  check: "M5 12.5l4.5 4.5L19 7.5",
  "check-circle": `${RING}M8 12.3l2.8 2.8L16 9.5`,
  "check-circle-filled": `${RING}M8 12.3l2.8 2.8L16 9.5`,
  "chevron-left": "M14.5 5.5L8 12l6.5 6.5",
  "chevron-right": "M9.5 5.5L16 12l-6.5 6.5",
  "chevron-down": "M5.5 9l6.5 6.5L18.5 9",
  "circle-question": `${RING}M9.5 9.5c.2-1.6 1.2-2.3 2.6-2.3 1.5 0 2.5.9 2.5 2.2 0 1.9-2.6 2-2.6 4.1M12 16.8v.01`,
  clock: `${RING}M12 7v5l3 2`,
  compass: `${RING}M15.5 8.5l-2 5-5 2 2-5z`,
  confetti:
    "M4 20l4.5-11 6.5 6.5zM13 4c1 1 1 2.5 0 3.5M17 10c1-1 2.5-1 3.5 0M16 5.5v.01M19.5 4.5v.01M20 14.5v.01",
  cube: "M12 3.5l8 4.2v8.6l-8 4.2-8-4.2V7.7zM4 7.7l8 4.3 8-4.3M12 12v8.5",
  desktop: "M3.5 5h17v11h-17zM12 16v4M8 20h8",
  document: `${PAGE}M9.5 12.5h5M9.5 16h5`,
  dot: "M12 12v.01",
  "dots-horizontal": "M6 12v.01M12 12v.01M18 12v.01",
  "dots-vertical": "M12 6v.01M12 12v.01M12 18v.01",
  "empty-circle": RING,
  "external-link": "M10 5H5v14h14v-5M13.5 4.5h6v6M19 5l-8 8",
  globe: `${RING}M3.5 12h17M12 3.5c5 5.5 5 11.5 0 17M12 3.5c-5 5.5-5 11.5 0 17`,
  keys: "M8 12a4 4 0 1 0 0 8 4 4 0 0 0 0-8zM11 13l8.5-8.5M16 8l3 3",
  lab: "M9.5 3.5h5M10.5 3.5v6L5 19.5c-.3.6 0 1 .6 1h12.8c.6 0 .9-.4.6-1L13.5 9.5v-6M8 15h8",
  images: "M7.5 4h13v12h-13zM3.5 8v12h13M7.5 14l4-4 3 3 2-2 4 4",
  info: `${RING}M12 11v5.5M12 7.5v.01`,
  lifesaver: `${RING}M12 8.5a3.5 3.5 0 1 0 0 7 3.5 3.5 0 0 0 0-7zM6 6l3.5 3.5M14.5 14.5L18 18M18 6l-3.5 3.5M9.5 14.5L6 18`,
  lightbulb: "M9 16.5c0-2-3-3.3-3-7a6 6 0 0 1 12 0c0 3.7-3 5-3 7zM9.5 20h5",
  mail: "M3.5 6h17v12.5h-17zM3.5 7l8.5 6 8.5-6",
  "map-pin":
    "M12 21c-4-4.5-6.5-7.6-6.5-11a6.5 6.5 0 0 1 13 0c0 3.4-2.5 6.5-6.5 11zM12 7.5a2.5 2.5 0 1 0 0 5 2.5 2.5 0 0 0 0-5z",
  maps: "M4 6l5.5-2 5 2L20 4v14l-5.5 2-5-2L4 20zM9.5 4v14M14.5 6v14",
  mobile: "M7 3h10v18H7zM11 18h2",
  name: `${FRAME}M7.5 15.5c.4-1.7 1.4-2.5 2.5-2.5s2.1.8 2.5 2.5M10 8.5a1.8 1.8 0 1 0 0 3.6 1.8 1.8 0 0 0 0-3.6zM15 10.5h2.5M15 14h2.5`,
  notebook: "M6.5 3.5h12v17h-12zM4.5 7.5h4M4.5 12h4M4.5 16.5h4M12 8h3.5",
  "notebook-pencil": `M4.5 4h11v5M4.5 4v16.5H10M8 8h4M12 20.5l.7-3 6.3-6.3 2.3 2.3L15 19.8z`,
  "page-blank": PAGE,
  phone:
    "M5 4h4l1.5 4.5-2 1.5c1 2.5 3 4.5 5.5 5.5l1.5-2L20 15v4c0 .8-.6 1.2-1.3 1.1C10.5 19.3 4.7 13.5 3.9 5.3 3.8 4.6 4.2 4 5 4z",
  play: "M7.5 4.5l11.5 7.5-11.5 7.5z",
  plus: "M12 5v14M5 12h14",
  profile: BUBBLE_PERSON,
  "profile-card": `${FRAME}M9 8.5a2 2 0 1 0 0 4 2 2 0 0 0 0-4zM6 16c.3-1.5 1.5-2.3 3-2.3s2.7.8 3 2.3M14.5 10H17M14.5 13.5H17`,
  reload: "M19.5 12a7.5 7.5 0 1 1-2.2-5.3L19.5 9M19.5 4v5h-5",
  star: STAR,
  "star-filled": STAR,
  search: "M10.5 4a6.5 6.5 0 1 0 0 13 6.5 6.5 0 0 0 0-13zM15.5 15.5L20.5 20.5",
  sparkle:
    "M12 3.5c.8 5 3.5 7.7 8.5 8.5-5 .8-7.7 3.5-8.5 8.5-.8-5-3.5-7.7-8.5-8.5 5-.8 7.7-3.5 8.5-8.5z",
  "sparkle-double":
    "M10 6c.6 4 2.9 6.3 7 7-4.1.7-6.4 3-7 7-.6-4-2.9-6.3-7-7 4.1-.7 6.4-3 7-7zM18 3c.3 1.8 1.2 2.7 3 3-1.8.3-2.7 1.2-3 3-.3-1.8-1.2-2.7-3-3 1.8-.3 2.7-1.2 3-3z",
  "square-code": `${FRAME}M10 9.5L7.5 12l2.5 2.5M14 9.5l2.5 2.5-2.5 2.5`,
  "square-image": `${FRAME}M4 16l4.5-4.5 3.5 3.5 2.5-2.5L20 18M15.5 9v.01`,
  "square-text": `${FRAME}M8 9.5h8M8 12.5h8M8 15.5h5`,
  suitcase: "M4 8h16v11.5H4zM9 8V5h6v3M4 13h16",
  "settings-slider":
    "M4 8h8M17 8h3M14.5 5.7a2.3 2.3 0 1 0 0 4.6 2.3 2.3 0 0 0 0-4.6zM4 16h3M12 16h8M9.5 13.7a2.3 2.3 0 1 0 0 4.6 2.3 2.3 0 0 0 0-4.6z",
  trash: "M4.5 7h15M10 11v6M14 11v6M6.5 7l1 13h9l1-13M9.5 7V4h5v3",
  user: BUBBLE_PERSON,
  warning: "M12 4l9 16H3zM12 10v4.5M12 17.3v.01",
  wreath:
    "M8 4.5c-5 4-5 11.5 1.5 15M16 4.5c5 4 5 11.5-1.5 15M5 9l2.5 1M4.8 14l2.7-.5M19 9l-2.5 1M19.2 14l-2.7-.5M9.5 19.5h5",
  write: PENCIL,
  "write-alt": `${PENCIL}M13 20.5h7`,
  "write-alt2": "M11.5 5H5v14h14v-6.5M10 14l.6-2.8 7.4-7.4 2.2 2.2-7.4 7.4z",
  x: "M6 6l12 12M18 6L6 18",
};

// Names of the same things elsewhere.
/** @type {Record<string, string>} */
const SAME = {
  close: "x",
  code: "square-code",
  edit: "write",
  pencil: "write",
  mailbox: "mail",
  home: "compass",
  settings: "settings-slider",
  "alert-triangle": "warning",
  "triangle-alert": "warning",
  circle: "empty-circle",
  "circle-check": "check-circle",
  "calendar-days": "calendar",
  "trash-2": "trash",
  "refresh-cw": "reload",
};
const FILLED = new Set(["check-circle-filled", "star-filled", "play"]);

/**
 * The icon of that name; a dot for one that is not known, null for what is no name.
 * @param {unknown} name
 */
export function widgetIcon(name, className = "") {
  if (typeof name !== "string" || name === "") return null;
  const bare = name.replace(/^lucide:/, "");
  const known = Object.hasOwn(SAME, bare) ? SAME[bare] : bare;
  const found = Object.hasOwn(PATHS, known) ? known : "dot";
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  const kinds = [
    "icon",
    "w-icon",
    FILLED.has(found) && "is-filled",
    found.startsWith("chevron-") && "is-directed",
  ];
  svg.setAttribute("class", [...kinds, className].filter(Boolean).join(" "));
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", PATHS[found]);
  if (found.startsWith("dot")) path.setAttribute("class", "is-thick");
  svg.append(path);
  return svg;
}
