// The bench page: shows what the bench knows and posts what a finger asks. It keeps no state of its own.
import { Ears } from "/page/ears.js";
import { Screen } from "/page/screen.js";
import { SiteView } from "/page/site.js";

const $ = (id) => document.getElementById(id);
const PAPER = { full: "Full", low: "Low", out: "Out" };
const BACKEND = { none: "Up", slow: "Slow", nonsense: "Nonsense", down: "Down" };
const BACKEND_NOTES = {
  none: "", slow: "Answers come late.", nonsense: "Answers make no sense.", down: "It cannot be reached.",
};
const MODES = {
  look: "Looks", still: "Keeps still", away: "Away", second: "Two", mask: "Mask", print: "Photograph",
  freeze: "Frozen", black: "Black", upside_down: "Upside down",
};
const PLUGS = { printer: "Printer", camera: "Camera", reader: "Card reader", sam: "ID module", keypad: "Keypad" };
const KEYS = [
  ["1", "1"], ["2", "2"], ["3", "3"], ["previous", "◀ Prev.", "word", "Previous"], ["next", "Next ▶", "word"],
  ["4", "4"], ["5", "5"], ["6", "6"], ["select", "Select", "word select"], ["back", "Back", "word"],
  ["7", "7"], ["8", "8"], ["9", "9"], ["repeat", "Repeat", "word"], ["help", "Help", "word"],
  ["delete", "⌫", "", "Delete"], ["0", "0"], ["more_time", "More time", "wide-word"],
];
const FAULTS_WORDS = { "": "a good one", bank_card: "another card" };
const AT_A_COMMAND = new Set(["unreadable", "pulled_early", "truncated", "wrong_mac", "late_reply", "hung"]);

const TOUCH = ["Touch the booth's screen", ""];
/** What the booth waits for, in words, and the panel that has it. */
const NEXT = {
  PresentCard: ["Lay a document on the reader", "documents"], EnterKey: ["What opens it stands below the documents", "documents"],
  MatchFace: ["Put a face before the camera", "camera"], EnterCode: ["The code is in the messages", "platform"],
  Working: ["The booth works", ""], Goodbye: ["The next welcome comes by itself", ""],
  WayOut: ["Acknowledge and reset the fire under Site", ""], Closed: ["Closed: see what stands under Site", ""],
  WaitForClerk: ["Be the clerk: approve, refuse or ask", "platform"],
};

let state = null;
let socket = null;
const ears = new Ears($("level"));
const screen = new Screen($("screen"), (message) => send(message), (key) => post("key", { key }));

function send(message) {
  if (socket && socket.readyState === WebSocket.OPEN) socket.send(JSON.stringify(message));
}

async function post(what, body) {
  try {
    const answer = await fetch(`/api/${what}`, {
      method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body),
    });
    if (!answer.ok) toast((await answer.json()).error || `${what}: ${answer.status}`);
  } catch {
    toast("The bench does not answer. Is it still running?");
  }
}

let toastTimer = 0;
function toast(words) {
  $("toast").textContent = words;
  $("toast").hidden = false;
  clearTimeout(toastTimer);
  toastTimer = setTimeout(() => { $("toast").hidden = true; }, 6000);
}

function make(tag, properties = {}, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}

/** A row of buttons of which one is pressed. */
function segments(holder, words, press) {
  for (const [value, word] of Object.entries(words)) {
    const button = make("button", { type: "button", textContent: word });
    button.dataset.value = value;
    button.addEventListener("click", () => press(value));
    holder.append(button);
  }
}

function mark(holder, value, isTrouble = () => false) {
  for (const button of holder.querySelectorAll("button[data-value]")) {
    button.setAttribute("aria-pressed", String(button.dataset.value === value));
    button.classList.toggle("trouble", isTrouble(button.dataset.value));
  }
}

function toggle(button, press) {
  button.addEventListener("click", () => press(button.getAttribute("aria-pressed") !== "true"));
}

// -- two views --------------------------------------------------------------------------------------------------
const siteView = new SiteView($("view-site"), post, make);
const TABS = ["visit", "site"];

function look(at) {
  for (const name of TABS) {
    $(`view-${name}`).hidden = name !== at;
    $(`tab-${name}`).setAttribute("aria-selected", String(name === at));
    $(`tab-${name}`).tabIndex = name === at ? 0 : -1;
  }
}
for (const name of TABS) {
  $(`tab-${name}`).addEventListener("click", () => { history.replaceState(null, "", name === "visit" ? "#" : "#around"); look(name); });
  $(`tab-${name}`).addEventListener("keydown", ({ key }) => {
    if (key !== "ArrowLeft" && key !== "ArrowRight") return;
    const other = TABS[1 - TABS.indexOf(name)];
    $(`tab-${other}`).click();
    $(`tab-${other}`).focus();
  });
}
window.addEventListener("hashchange", () => look(location.hash === "#around" ? "site" : "visit"));
look(location.hash === "#around" ? "site" : "visit");

// -- what is there only once -----------------------------------------------------------------------------------
segments($("paper-level"), PAPER, (paper) => post("printer", { paper }));
segments($("backend"), BACKEND, (mode) => post("backend", { mode }));
segments($("face-mode"), MODES, (mode) => post("face", { mode }));
for (const [value, word] of Object.entries(PLUGS)) {
  const button = make("button", { type: "button", textContent: word, id: `plug-${value}` });
  button.dataset.device = value;
  toggle(button, (plugged) => post(value, { plugged }));
  $("plugs").append(button);
}
for (const [key, word, kind = "", label = ""] of KEYS) {
  const button = make("button", { type: "button", textContent: word, className: kind });
  button.dataset.key = key;
  if (label) button.setAttribute("aria-label", label);
  button.addEventListener("click", () => post("key", { key }));
  $("keypad").append(button);
}
toggle($("cover"), (cover_open) => post("printer", { cover_open }));
toggle($("jammed"), (jammed) => post("printer", { jammed }));
$("take-paper").addEventListener("click", () => post("printer", { taken: true }));
toggle($("headset"), (plugged) => post("headset", { plugged }));
toggle($("listen"), (on) => {
  ears.listen(on);
  $("listen").setAttribute("aria-pressed", String(on));
});
$("approach").addEventListener("click", () => post("approach", {}));
$("card-fault").addEventListener("change", () => { $("card-at-label").hidden = !AT_A_COMMAND.has($("card-fault").value); });
$("card-remove").addEventListener("click", () => post("card", { resident: null }));

// -- what changes ----------------------------------------------------------------------------------------------
function documentButton(one, paper, hasOneKind) {
  const button = make("button", {
    type: "button", title: `Lay down: ${paper.words} of ${one.name}. Age, and what the platform has: ${one.known}. ${one.note}`,
  });
  button.dataset.resident = one.id;
  button.dataset.document = paper.id;
  const kind = hasOneKind ? paper.version && `v${paper.version}` : paper.words;
  button.append(make("b", { textContent: one.name, lang: "zh" }),
    make("small", { textContent: [kind, one.summary, one.known].filter(Boolean).join(" · ") }));
  button.addEventListener("click", () => {
    const isOn = button.getAttribute("aria-pressed") === "true";
    const fault = $("card-fault").value;
    const at = fault && AT_A_COMMAND.has(fault) && $("card-at").value !== "" ? Number($("card-at").value) : null;
    post("card", isOn ? { resident: null } : { resident: one.id, document: paper.id, fault, at });
  });
  return make("li", {}, button);
}

/** Documents in groups by kind, of which the first is open. */
function showPeople() {
  const holder = $("people");
  if (holder.dataset.count !== String(state.residents.length)) {
    holder.dataset.count = String(state.residents.length);
    const groups = new Map(state.card_groups.map((group) => [group, []]));
    for (const one of state.residents) {
      for (const paper of one.documents) groups.get(paper.group).push([one, paper]);
    }
    const buttons = (papers) => {
      const kinds = new Set(papers.map(([, paper]) => paper.words.slice(0, paper.words.length - paper.version.length).trim()));
      return papers.map(([one, paper]) => documentButton(one, paper, kinds.size === 1));
    };
    holder.replaceChildren(...[...groups].filter(([, papers]) => papers.length).map(([group, papers], at) =>
      make("details", { open: at === 0, name: "documents" },
        make("summary", {}, group, make("small", { textContent: ` ${papers.length}` })),
        make("ul", { className: "people" }, ...buttons(papers)))));
  }
  const faults = $("card-fault");
  if (faults.options.length !== state.card_faults.length + 1) {
    faults.replaceChildren(...["", ...state.card_faults].map((fault) =>
      make("option", { value: fault, textContent: FAULTS_WORDS[fault] || fault.replaceAll("_", " ") })));
  }
  for (const button of holder.querySelectorAll("button")) {
    const isOn = button.dataset.resident === state.card.resident && button.dataset.document === state.card.document;
    button.setAttribute("aria-pressed", String(isOn));
    if (isOn) button.closest("details").open = true;
  }
  const bearer = state.residents.find((one) => one.id === state.card.resident);
  const paper = bearer?.documents.find((one) => one.id === state.card.document);
  $("slot-card").textContent = bearer ? bearer.name : "";
  $("card-picked").textContent = paper ? paper.words : "";
  $("card-key").hidden = !paper?.key;
  $("card-key").textContent = paper?.key ? `Opens with: ${paper.key}` : "";
  $("card-remove").disabled = !state.card.resident;
}

function showFaces() {
  const holder = $("faces");
  if (holder.children.length !== state.faces.length + 1) {
    const one = (id, title, picture) => {
      const button = make("button", { type: "button", title }, picture);
      button.setAttribute("aria-label", title);
      button.dataset.value = id;
      button.addEventListener("click", () => post("face", { face: id || null }));
      return button;
    };
    holder.replaceChildren(
      one("", "Nobody", make("span", { className: "nobody", textContent: "∅", ariaHidden: "true" })),
      ...state.faces.map((face) => one(face.id, face.title, make("img", { src: face.url, alt: "", loading: "lazy" }))));
  }
  mark(holder, state.camera.face || "");
  $("face-picked").textContent = state.faces.find((face) => face.id === state.camera.face)?.title || "Nobody";
  mark($("face-mode"), state.camera.mode, (value) => value !== "look");
  $("lens").classList.toggle("open", state.camera.is_watched);
  $("lens-word").textContent = state.camera.is_watched ? "camera on" : "camera off";
}

function showDevices() {
  mark($("paper-level"), state.printer.paper, (value) => value !== "full");
  $("cover").setAttribute("aria-pressed", String(state.printer.is_cover_open));
  $("cover").classList.toggle("trouble", state.printer.is_cover_open);
  $("jammed").setAttribute("aria-pressed", String(state.printer.is_jammed));
  $("jammed").classList.toggle("trouble", state.printer.is_jammed);
  $("take-paper").disabled = !state.printer.is_paper_in_exit;
  $("headset").setAttribute("aria-pressed", String(state.headset));
  for (const [device, word] of Object.entries(PLUGS)) {
    const button = $(`plug-${device}`);
    button.setAttribute("aria-pressed", String(state[device].is_plugged));
    button.textContent = state[device].is_plugged ? word : `${word}: unplugged`;
  }
}

function showWorld() {
  mark($("backend"), state.backend.mode, (value) => value !== "none");
  $("backend-note").textContent = state.backend.trouble || BACKEND_NOTES[state.backend.mode] || "";
  $("staff-link").href = state.backend.staff_url || "#";
  $("staff-link").hidden = !state.backend.staff_url;
  $("login").replaceChildren(...(state.backend.staff_url ? [
    "Staff page: account ", make("code", { textContent: state.backend.staff_account }),
    ", password ", make("code", { textContent: state.backend.staff_password })] : []));
  list($("messages"), state.messages, "No code was sent yet.", (one) => make("li", {},
    make("span", { className: "code", textContent: one.code }), ` for ${one.resident} (${one.phone})`));
  list($("approvals"), state.approvals, "Nobody waits for a clerk.", (one) => {
    const decide = (decision, word) => {
      const button = make("button", { type: "button", className: "small", textContent: word });
      button.addEventListener("click", () => post("approval", { id: one.id, decision }));
      return button;
    };
    const ask = make("button", { type: "button", className: "small", textContent: "Ask" });
    ask.addEventListener("click", () => {
      const text = window.prompt("What does the clerk ask?", "您住在哪条街？");
      if (text) post("approval", { id: one.id, decision: "ask", text });
    });
    const said = one.lines.map((line) => make("div", {}, `${line.text} – ${line.answer ?? "…"}`));
    return make("li", {}, `A resident waits${one.clerk ? `, taken by ${one.clerk}` : ""}${one.has_pictures ? ", with pictures" : ""}.`,
      ...said, make("br"), decide("approve", "Approve"), decide("refuse", "Refuse"), ask);
  });
}

function list(holder, items, empty, build) {
  const shown = JSON.stringify(items);
  if (holder.dataset.shown === shown) return;
  holder.dataset.shown = shown;
  holder.replaceChildren(...(items.length ? items.map(build) : [make("li", { className: "empty", textContent: empty })]));
}

function showPaper() {
  const newest = state.paper.at(-1);
  $("paper-empty").hidden = Boolean(newest);
  $("paper-link").hidden = !newest;
  $("slot-paper").classList.toggle("out", Boolean(newest) && state.printer.is_paper_in_exit);
  if (newest && $("paper").dataset.number !== newest) showSheet(newest);
  const holder = $("papers");
  const earlier = state.paper.slice(-8).reverse();
  if (holder.dataset.shown === earlier.join()) return;
  holder.dataset.shown = earlier.join();
  holder.replaceChildren(...(earlier.length > 1 ? earlier.map((number) => {
    const button = make("button", { type: "button", textContent: `No. ${Number(number)}` });
    button.addEventListener("click", () => showSheet(number));
    return button;
  }) : []));
}

function showSheet(number) {
  const url = `/api/paper/${number}.png`;
  $("paper").dataset.number = state.paper.at(-1);
  $("paper").src = url;
  $("paper").alt = `Paper number ${Number(number)}`;
  $("paper-link").href = url;
  $("slot-paper").style.backgroundImage = `url(${url})`;
}

function addSpoken(one) {
  const holder = $("spoken");
  holder.querySelector(".empty")?.remove();
  const play = make("button", { type: "button", textContent: "▶" });
  play.setAttribute("aria-label", `Play: ${one.text}`);
  play.disabled = !one.has_sound && !one.is_heard;
  play.addEventListener("click", () => ears.play(`/api/sound/${one.number}.wav`).catch(() => toast("No sound was kept for this sentence.")));
  const tag = make("span", { className: "tag", textContent: one.language === "zh" ? "中文 " : "English " });
  if (one.is_private) tag.append(make("span", { className: "private", textContent: "headset only" }));
  if (!one.is_heard) tag.append(" not heard");
  const words = make("div", {}, make("span", { textContent: one.text, lang: one.language }), make("br"), tag);
  holder.prepend(make("li", {}, play, words));
  while (holder.children.length > 40) holder.lastChild.remove();
}

function addLog(one) {
  $("log").prepend(make("li", { textContent: `${one.at} ${one.text}` }));
  while ($("log").children.length > 100) $("log").lastChild.remove();
}

/** Say what the booth waits for, and mark the panel where it is. */
function showNext(question) {
  let [words, panel] = !question ? ["", ""] : question.overlay ? TOUCH : NEXT[question.name] || TOUCH;
  if (question?.name === "PresentCard" && state.card.resident) [words, panel] = ["The document is being read", ""];
  if (question?.name === "MatchFace" && state.camera.face) [words, panel] = ["The camera looks", "camera"];
  if (question?.kind === "photo") panel = "camera";
  if (question?.name === "TakeBelongings") {
    [words, panel] = state.printer.is_paper_in_exit ? ["Take the paper", "paper-panel"] : ["Take the document away", "documents"];
  }
  $("next").textContent = words;
  for (const one of document.querySelectorAll(".panel[id]")) one.classList.toggle("wanted", one.id === panel);
}

function showState(now) {
  state = now;
  $("site").textContent = `booth ${now.booth.id}, ${now.booth.community}: simulated on this computer`;
  const question = now.booth.question;
  $("lamp").classList.toggle("lit", now.booth.is_lit);
  $("asked-name").textContent = now.booth.is_lit ? (question ? question.overlay || question.name : "starting") : "dark";
  $("asked-title").textContent = now.booth.is_lit && question ? question.title : "";
  screen.setState(now.booth.is_lit, now.booth.width, now.booth.height, question);
  showPeople();
  showFaces();
  showDevices();
  showWorld();
  showPaper();
  showNext(now.booth.is_lit ? question : null);
}

function connect() {
  socket = new WebSocket(`ws://${location.host}/ws`);
  socket.binaryType = "arraybuffer";
  socket.addEventListener("open", () => {
    $("spoken").replaceChildren();
    $("log").replaceChildren();
    screen.announce();
  });
  socket.addEventListener("message", async ({ data }) => {
    if (data instanceof ArrayBuffer) {
      const kind = new Uint8Array(data, 0, 1)[0];
      if (kind === 1) { await screen.draw(data.slice(1)); send({ t: "got" }); } else if (kind === 2) ears.hear(data.slice(1));
      return;
    }
    const message = JSON.parse(data);
    if (message.t === "state") showState(message.state);
    else if (message.t === "site") siteView.show(message.site);
    else if (message.t === "spoken") addSpoken(message);
    else if (message.t === "log") addLog(message);
    else if (message.t === "trouble") toast(message.text);
  });
  socket.addEventListener("close", () => {
    $("lamp").classList.remove("lit");
    $("asked-name").textContent = "The bench does not answer";
    $("asked-title").textContent = "";
    screen.setState(false);
    setTimeout(connect, 1000);
  });
}
connect();
