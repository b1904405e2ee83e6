// Every sentence that the page itself says, in one place, so that other languages can follow.
// Values are strings, or functions of the parts that a sentence holds.

const chatsAndTasks = (/** @type {number} */ chats, /** @type {number} */ tasks) =>
  [
    chats > 0 && (chats === 1 ? "1 chat" : `${chats} chats`),
    tasks > 0 && (tasks === 1 ? "1 task" : `${tasks} tasks`),
  ]
    .filter(Boolean)
    .join(" and ");

export const words = {
  app: "Chat & tasks",
  newChat: "New chat",
  chats: "Chats",
  tasks: "Tasks",
  close: "Close",
  cancel: "Cancel",
  retry: "Try again",
  showMore: "Show more",
  openChats: "Show chats",
  openTasks: "Show tasks",
  skipToComposer: "Skip to the message box",

  // Start screen
  startTitle: "What would you like to get done?",
  startText: "Ask in your own words.",
  tasksBeside: "Your task list is kept beside the chat.",
  tasksBehind: "Your task list opens with the button at the top.",
  prompts: [
    "Show me my tasks",
    "Add a new task: Buy groceries",
    "Mark task 1 as complete",
    "What can you help me with?",
  ],
  promptsLabel: "Suggestions",

  // Conversation
  conversation: "Conversation",
  you: "You",
  assistant: "Assistant",
  thinking: "Thinking…",
  answering: "The assistant is answering.",
  answered: (/** @type {string} */ text) => `Assistant: ${text}`,
  showEarlier: "Show earlier messages",
  loadingChat: "Loading the chat…",
  toNewest: "Go to the newest message",
  noAnswer: "This message has no answer yet.",
  halfAnswer: "This message has no whole answer.",
  stopped: "You stopped this answer.",
  copy: "Copy",
  copied: "Copied",
  copyAnswer: "Copy the answer",
  copyFailed: "Your browser did not allow copying.",
  image: "Image",
  table: "Table",
  codeBlock: "Code",
  sources: "Sources",
  done: "Done",
  notDone: "Not done",
  source: (/** @type {number} */ number, /** @type {string} */ title) =>
    `Source ${number}: ${title}`,
  dismiss: "Dismiss",
  answerAgain: "Answer again",
  feedback: { positive: "Good answer", negative: "Poor answer" },
  reply: "Reply",
  attachments: "Attached files",
  attachedImage: (/** @type {string} */ name) => `Attached image: ${name}`,
  tooManyCalls: "The assistant asked this page for too much at once.",
  copiedForYou: "The assistant has put text on your clipboard.",

  // What the assistant did
  working: "Working…",
  duration: (/** @type {number} */ minutes, /** @type {number} */ seconds) =>
    [minutes > 0 && `${minutes} min`, (seconds > 0 || minutes === 0) && `${seconds} s`]
      .filter(Boolean)
      .join(" "),
  workedFor: (/** @type {string} */ time) => `Worked for ${time}`,
  thoughtFor: (/** @type {string} */ time) => `Thought for ${time}`,
  steps: "Steps",
  thoughts: "Thoughts",
  taskKinds: {
    web_search: "Searched the web",
    thought: "Thought",
    file: "Read files",
    image: "Made an image",
    custom: "Step",
  },
  stepLoading: "in progress",
  stepComplete: "done",
  generatedImage: "Generated image",
  makingImage: "The image is being made",

  // Questions
  questions: "Questions",
  otherAnswer: "Something else…",
  ownAnswer: "Your own answer",
  skipQuestion: "Skip",
  skipQuestionNamed: (/** @type {string} */ question) => `Skip: ${question}`,
  skipAll: "Skip all",
  sendAnswers: "Send answers",
  skipped: "Skipped",

  // Widgets
  showDetails: "Show details",
  hideDetails: "Hide details",
  showMoreItems: (/** @type {number} */ count) => `Show ${count} more`,
  choose: "Choose…",
  iconActions: {
    check: "Done",
    "dots-horizontal": "More",
    plus: "Add",
    reload: "Reload",
    search: "Search",
    trash: "Delete",
    write: "Edit",
    x: "Close",
  },
  wrongFormat: "Use the form that is asked for.",
  chartValues: "Values of the chart",
  actionWhileAnswering: "Wait until the answer is complete, then try again.",

  // Composer
  message: "Message",
  messagePlaceholder: "Write a message…",
  composerHint: "Enter sends, Shift+Enter starts a new line.",
  send: "Send",
  stop: "Stop answering",
  attach: "Attach files",
  removeFile: (/** @type {string} */ name) => `Remove “${name}”`,
  uploading: (/** @type {string} */ name) => `Uploading “${name}”`,
  uploadFailed: "This file could not be uploaded.",
  fileTooLarge: (/** @type {string} */ most) => `Too large: at most ${most}.`,
  tooManyFiles: (/** @type {number} */ most) =>
    most === 1 ? "Only one file at a time." : `At most ${most} files at a time.`,
  waitForFiles: "Files are still being uploaded.",
  removeQuote: "Do not reply to this text",
  model: "Model",
  tool: "Tool",
  anyTool: "Tools: automatic",
  mentions: "What can be mentioned",
  dictate: "Dictate",
  stopDictation: "Stop dictating",
  transcribing: "Writing down what you said…",
  microphoneRefused: "Your browser did not allow the microphone.",
  noMicrophone: "No microphone could be used.",
  nothingHeard: "No words were heard.",
  locked: "This chat is locked.",
  closed: "This chat is closed.",

  // Chats
  untitled: "New chat",
  noChats: "Your chats will be listed here.",
  rename: (/** @type {string} */ title) => `Rename “${title}”`,
  delete: (/** @type {string} */ title) => `Delete “${title}”`,
  chatTitle: "Title of the chat",
  deleteChatTitle: "Delete this chat?",
  deleteChatText: (/** @type {string} */ title) =>
    `“${title}” and all its messages will be gone for good.`,
  deleteAction: "Delete",
  today: "Today",
  yesterday: "Yesterday",
  lastWeek: "Previous 7 days",
  older: "Older",

  // Tasks
  addTask: "Add a task",
  addTaskAction: "Add",
  filter: "Which tasks to show",
  pending: "To do",
  all: "All",
  noTasks: "No tasks yet. Add one above, or ask for it in the chat.",
  nothingPending: "Nothing to do right now. Add a task above, or ask for it in the chat.",
  openTaskCount: (/** @type {number} */ count) =>
    count === 1 ? "1 task to do" : `${count} tasks to do`,
  allTaskCount: (/** @type {number} */ count) => (count === 1 ? "1 task" : `${count} tasks`),
  completeTask: (/** @type {string} */ title) => `Done: ${title}`,
  deleteTaskTitle: "Delete this task?",
  deleteTaskText: (/** @type {string} */ title) => `“${title}” will be gone for good.`,
  due: (/** @type {string} */ day) => `Due ${day}`,
  overdue: (/** @type {string} */ day) => `Overdue ${day}`,
  dueToday: "Due today",
  dueTomorrow: "Due tomorrow",
  priority: { high: "High priority", medium: "Medium priority", low: "Low priority" },
  recurrence: { daily: "Every day", weekly: "Every week", monthly: "Every month" },
  category: {
    work: "Work",
    personal: "Personal",
    study: "Study",
    health: "Health",
    finance: "Finance",
  },

  // Your data
  yourData: "Your data",
  yourDataText:
    "Take your chats and tasks with you, bring them here from elsewhere, or delete them.",
  downloadAll: "Download everything",
  downloadAllNote: "JSON can be imported again. Attached files are named in it, not contained.",
  downloadAllJson: "Download everything as JSON",
  downloadAllMarkdown: "Download everything as Markdown",
  downloadChat: "Download this chat",
  downloadChatMarkdown: "Download this chat as Markdown",
  json: "JSON",
  markdown: "Markdown",
  preparing: "Preparing the file…",
  downloaded: (/** @type {string} */ name) => `Downloaded “${name}”.`,
  downloadCut: "The connection broke before the file was complete. Try again.",
  importTitle: "Import chats and tasks",
  importNote: "A JSON file from here, or ChatGPT’s conversations.json. Nothing is added twice.",
  importAction: "Import…",
  importTooLarge: "This file is larger than this server takes.",
  importing: (/** @type {string} */ name) => `Importing “${name}”…`,
  imported(/** @type {ImportCounts} */ { threads, tasks }) {
    const added = chatsAndTasks(threads.added, tasks.added);
    const count = threads.unchanged + tasks.unchanged;
    const wereThere = `${count === 1 ? "was" : "were"} there already.`;
    if (added !== "") {
      return count === 0 ? `${added} added.` : `${added} added, ${count} ${wereThere}`;
    }
    if (count === 0) return "This file holds no chats or tasks.";
    return `Nothing new: ${chatsAndTasks(threads.unchanged, tasks.unchanged)} ${wereThere}`;
  },
  eraseNote: "Chats, files and tasks, gone for good.",
  eraseAction: "Delete all my data",
  eraseTitle: "Delete all your data?",
  eraseText:
    "All your chats, files and tasks will be gone for good. Download first what you may want again.",
  eraseConfirm: "Delete everything",
  erasing: "Deleting…",
  erased: "All your data has been deleted.",

  // Signing in
  signInTitle: "Sign in",
  signInText:
    "This server takes no guests. Sign in on the site that it belongs to and load this page again, " +
    "or paste your access token (JWT).",
  signInToken: "Access token",
  signInAction: "Continue",
  signInExpired: "Your sign-in has ended. Sign in again to go on.",
  signInRefused: "The server did not accept this token. It may be expired, or of another site.",
  signOut: "Sign out",

  // Faults
  offline: "You are offline. What you send now will not arrive.",
  offlineFault: "You are offline. Try again when the connection is back.",
  network: "The server could not be reached. Check your connection and try again.",
  server: "The server could not do this just now. Try again in a moment.",
  tooMany: "That was a little too fast. Wait a moment and try again.",
  notFound: "This chat does not exist, or it belongs to someone else.",
  refused: "The server did not accept this request.",
  cut: "The connection broke before the answer was complete.",
  noReply: "The server ended the answer before it began.",
  streamError: "Something went wrong while answering.",
};
