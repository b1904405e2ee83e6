// The shapes that the modules share, for the type check alone: no browser loads this file.
//
// What comes over the wire is described as the server sends it. Widgets are made by tools and models:
// their props are `unknown`, and read by widget_values.js.

// ---- Threads and their items, as on the wire ------------------------------------------------------

interface ThreadStatus {
  type: "active" | "locked" | "closed";
  reason?: string | null;
}

interface Thread {
  id: string;
  title?: string | null;
  created_at: string;
  updated_at?: string;
  status?: ThreadStatus;
  allowed_image_domains?: string[] | null;
}

interface TextPart {
  type: "input_text";
  text: string;
}

interface TagPart {
  type: "input_tag";
  id: string;
  text: string;
  group?: string;
  interactive: boolean;
  data: Record<string, unknown>;
}

type InputPart = TextPart | TagPart;

interface Attachment {
  id: string;
  name: string;
  type: string;
  preview_url?: string | null;
}

interface Source {
  type: string;
  id?: string;
  title?: string | null;
  filename?: string | null;
  url?: string | null;
  description?: string | null;
  attribution?: string | null;
  inline_label?: string | null;
}

interface Annotation {
  source: Source;
  /** The offset in the text, in UTF-16 units, or none. */
  index?: number | null;
}

interface AnswerPart {
  text?: string;
  annotations?: Annotation[];
}

/** One step of the assistant; called "task item" elsewhere. */
interface WorkflowTask {
  type: string;
  title?: string | null;
  title_query?: string | null;
  content?: string | null;
  icon?: string | null;
  status_indicator?: string;
  queries?: unknown[];
  sources?: (Partial<Source> | null)[];
}

interface WorkflowSummary {
  title?: string | null;
  icon?: string | null;
  /** Seconds. */
  duration?: number;
}

interface Workflow {
  type?: string;
  tasks?: WorkflowTask[];
  summary?: WorkflowSummary | null;
  expanded?: boolean;
}

interface Question {
  id: string;
  type: string;
  question: string;
  description?: string | null;
  multiple?: boolean;
  options?: { value: string }[];
  answer?: { values?: string[]; skipped?: boolean } | null;
}

interface ItemOf<Type extends string> {
  type: Type;
  id: string;
  created_at: string;
}

interface UserMessage extends ItemOf<"user_message"> {
  content?: InputPart[];
  attachments?: Attachment[];
  quoted_text?: string | null;
}

/** A message that the server has not confirmed yet. */
type UnsentMessage = Omit<UserMessage, "id">;

interface AssistantMessage extends ItemOf<"assistant_message"> {
  content?: AnswerPart[];
}

interface WorkflowItem extends ItemOf<"workflow"> {
  workflow: Workflow;
}

interface TaskItem extends ItemOf<"task"> {
  task: WorkflowTask;
}

interface GeneratedImage extends ItemOf<"generated_image"> {
  image?: { url?: string } | null;
}

interface WidgetItem extends ItemOf<"widget"> {
  widget: unknown;
  copy_text?: string | null;
}

interface StructuredInput extends ItemOf<"structured_input"> {
  status: string;
  inputs?: Question[];
}

interface ClientToolCall extends ItemOf<"client_tool_call"> {
  status: string;
  name: string;
  arguments?: Record<string, unknown> | null;
}

type ThreadItem =
  | UserMessage
  | AssistantMessage
  | WorkflowItem
  | TaskItem
  | GeneratedImage
  | WidgetItem
  | StructuredInput
  | ClientToolCall
  | ItemOf<"end_of_turn">;

// ---- Events of an answer ----------------------------------------------------------------------------

type ItemUpdate =
  | {
      type: "assistant_message.content_part.added" | "assistant_message.content_part.done";
      content_index: number;
      content: AnswerPart;
    }
  | {
      type: "assistant_message.content_part.text_delta";
      content_index: number;
      delta: string;
    }
  | {
      type: "assistant_message.content_part.annotation_added";
      content_index: number;
      annotation_index: number;
      annotation: Annotation;
    }
  | {
      type: "workflow.task.added" | "workflow.task.updated";
      task_index: number;
      task: WorkflowTask;
    }
  | {
      type: "generated_image.updated";
      image: { url?: string } | null;
      progress?: number | null;
    }
  | { type: "widget.root.updated"; widget: unknown }
  | { type: "widget.component.updated"; component_id: string; component: object }
  | {
      type: "widget.streaming_text.value_delta";
      component_id: string;
      delta?: string;
      done?: boolean;
    };

interface NoticeEvent {
  type: "notice";
  level: string;
  message: string;
  title?: string | null;
}

type ThreadEvent =
  | { type: "thread.created" | "thread.updated"; thread: Thread & { items?: unknown } }
  | {
      type: "thread.item.added" | "thread.item.done" | "thread.item.replaced";
      item: ThreadItem;
    }
  | { type: "thread.item.updated"; item_id: string; update: ItemUpdate }
  | { type: "thread.item.removed"; item_id: string }
  | { type: "stream_options"; stream_options: { allow_cancel?: boolean } }
  | { type: "progress_update"; text: string; icon?: string | null }
  | { type: "client_effect"; name: string; data?: Record<string, unknown> }
  | NoticeEvent
  | { type: "error"; code: string; message?: string | null; allow_retry?: boolean };

// ---- Requests and their answers ---------------------------------------------------------------------

interface PageOf<Entry> {
  data: Entry[];
  has_more: boolean;
  after?: string;
}

interface UploadDescriptor {
  url: string;
  method: string;
  headers?: Record<string, string>;
}

/** The answers to the ChatKit requests that do not stream, by the type of the request. */
interface ChatAnswers {
  "threads.get_by_id": Thread & { items: PageOf<ThreadItem> };
  "threads.update": unknown;
  "threads.delete": unknown;
  "threads.sync_custom_action": { updated_item?: ThreadItem | null };
  "items.list": PageOf<ThreadItem>;
  "items.feedback": unknown;
  "attachments.create": Attachment & { upload_descriptor: UploadDescriptor };
  "attachments.delete": unknown;
  "input.transcribe": { text?: string };
}

interface FileLimits {
  /** Absent: as many as one likes. */
  maxCount?: number;
  maxSize?: number;
}

interface Choice {
  id: string;
  label: string;
}

/** What this server offers, as the official widget's options have it. */
interface Options {
  composer?: {
    models?: Choice[];
    tools?: Choice[];
    attachments?: FileLimits & { enabled?: boolean };
    dictation?: { enabled?: boolean };
  };
}

/** Something to mention. */
interface Entity {
  id: string;
  title: string;
  group?: string | null;
  interactive?: boolean;
  data?: Record<string, unknown>;
}

interface Task {
  id: string;
  title: string;
  description?: string | null;
  completed: boolean;
  due_date?: string | null;
  priority: string;
  recurrence?: string | null;
  category?: string | null;
  tags?: string[];
}

interface ImportCounts {
  threads: { added: number; unchanged: number };
  tasks: { added: number; unchanged: number };
}

interface RequestOptions {
  method?: string;
  /** A file is sent as it is, anything else as JSON. */
  body?: unknown;
  signal?: AbortSignal;
  headers?: Record<string, string>;
}

// ---- The page's own ---------------------------------------------------------------------------------

/** Part of an element's properties, attributes by names with a dash, and listeners. */
type Props<Kind extends HTMLElement> = {
  [Name in keyof Kind]?: Kind[Name] | null;
} & {
  [attribute: `${string}-${string}`]: string | number | boolean | null;
} & {
  role?: string;
  on?: { [Name in keyof HTMLElementEventMap]?: (event: HTMLElementEventMap[Name]) => unknown };
};

/** A child to append; null, false and undefined are left out. */
type Child = Node | string | null | false | undefined;

interface ButtonAction {
  label: string;
  run: () => unknown;
}

interface AlertOptions {
  level?: string;
  title?: string | null;
  action?: ButtonAction | null;
  dismissible?: boolean;
}

type ShowsImage = (address: string) => boolean;

/** A mention in the composer: the characters from `start` to `end` are `part`. */
interface Tag {
  start: number;
  end: number;
  part: TagPart;
}

interface Message {
  content: InputPart[];
  attachments: Attachment[];
  quote: string | null;
  options: object;
  draft: import("./composer.js").Draft;
}

/** A node to put at an offset of a text. */
interface Mark {
  at: number;
  node: Node;
}

/** The same before it is built; `key` tells one from another. */
interface Cite {
  at: number;
  key: string;
  build: () => Node;
}

/** What the rows know of their thread. */
interface RowContext {
  showsImage: ShowsImage;
  act: (itemId: string, action: WidgetAction, options: ActionOptions) => Promise<void>;
}

// ---- Widgets ----------------------------------------------------------------------------------------

interface WidgetAction {
  type: string;
  payload: unknown;
}

interface ActionOptions {
  streaming: boolean;
  loadingBehavior: string;
}

interface StatusProps {
  text?: unknown;
  favicon?: unknown;
  frame?: unknown;
  icon?: unknown;
}

interface AnswerProps {
  label?: unknown;
  action?: unknown;
}

/** The props of a component as they came. Those that are named here are looked into. */
interface WidgetProps {
  [name: string]: unknown;
  type: string;
  status?: StatusProps | null;
  confirm?: AnswerProps | null;
  cancel?: AnswerProps | null;
  editable?: Record<string, unknown> | null;
}

type FieldEntry = [name: string, value: unknown];

type PressKind = "click" | "item" | "change" | "submit" | "confirm";

interface Press {
  kind: PressKind;
  node: HTMLElement;
  own?: FieldEntry[];
}

/** A component as it was read: ours to change. `part` is its last drawing. */
interface WidgetNode {
  props: WidgetProps;
  children: WidgetNode[];
  part?: Part;
}

/** What a builder gives. */
interface BuiltPart {
  node: HTMLElement | SVGSVGElement;
  /** Where the children go. */
  slot?: HTMLElement;
  /** Takes over what changes without building again. */
  refresh?: (props: Record<string, unknown>) => void;
  /** Called once the children are in place. */
  arranged?: (children: Part[]) => void;
  /** A control that asks for the focus. */
  autoFocus?: HTMLElement | null;
  /** Whether a frame that can be opened is. */
  open?: boolean;
}

/** A component on the screen. */
interface Part extends BuiltPart {
  props: WidgetProps;
  children: Part[];
  key: string;
  shape: string;
}

interface BuildContext {
  fire: (config: unknown, press: Press) => Promise<boolean>;
  showsImage: ShowsImage;
  parent: Part | null;
  hasChildren: boolean;
}

type Builder = (props: WidgetProps, context: BuildContext, before: Part | null) => BuiltPart;

type Styles = Record<string, string | null | undefined>;

// ---- Markdown ---------------------------------------------------------------------------------------

interface BlockKinds {
  heading: { level: number; text: string };
  paragraph: { text: string };
  code: { language: string; text: string };
  rule: object;
  quote: { blocks: Block[] };
  list: { start: number | null; items: ListItem[]; loose: boolean };
  table: { head: string[]; align: string[]; rows: string[][] };
}

interface ListItem {
  blocks: Block[];
  /** Whether it is ticked off; null where it is no item of a task list. */
  task: boolean | null;
}

/** Its lines in the text: from `line` on, before `until`. */
type BlockOf<Kind extends keyof BlockKinds> = {
  kind: Kind;
  line: number;
  until: number;
} & BlockKinds[Kind];

type Block = { [Kind in keyof BlockKinds]: BlockOf<Kind> }[keyof BlockKinds];

/** A block as its reader gives it: `next` is the first line after it. */
type ReadBlock = {
  [Kind in keyof BlockKinds]: { kind: Kind; next: number } & BlockKinds[Kind];
}[keyof BlockKinds];

// ---- Charts -----------------------------------------------------------------------------------------

interface ChartSeries {
  kind: string;
  label: string;
  stack: string | null;
  curve: string;
  color: string;
  values: (number | null)[];
}

interface ChartData {
  labels: string[];
  series: ChartSeries[];
  hideX: boolean;
}

/** For each row where the value begins and ends on the axis; null without a value. */
type Spans = ([from: number, to: number] | null)[];

interface Point {
  x: number;
  y: number;
}
