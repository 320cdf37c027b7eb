// The booth's screen on the page: JPEG frames on a canvas, the mouse as a finger, the keyboard as the keypad.
const KEYS = {
  ArrowDown: "next", ArrowRight: "next", ArrowUp: "previous", ArrowLeft: "previous", Enter: "select", Escape: "back",
  Backspace: "delete", F1: "help",
};

export class Screen {
  /** send(message): to the bench's socket; key(name): a key of the keypad. */
  constructor(canvas, send, key) {
    this.canvas = canvas;
    this.context = canvas.getContext("2d");
    this.send = send;
    this.width = 1080;
    this.height = 1920;
    this.isDown = false;
    this.moved = null;
    canvas.addEventListener("pointerdown", (event) => {
      if (event.button !== 0) return;
      canvas.setPointerCapture(event.pointerId);
      this.isDown = true;
      this.touch("down", event);
    });
    canvas.addEventListener("pointermove", (event) => {
      if (!this.isDown) return;
      const isWaiting = this.moved !== null;
      this.moved = event;
      if (!isWaiting) requestAnimationFrame(() => this.flushMove());
    });
    for (const end of ["pointerup", "pointercancel"]) {
      canvas.addEventListener(end, (event) => {
        if (!this.isDown) return;
        this.flushMove();
        this.isDown = false;
        this.touch("up", event);
      });
    }
    canvas.addEventListener("contextmenu", (event) => event.preventDefault());
    canvas.addEventListener("keydown", (event) => {
      if (event.ctrlKey || event.altKey || event.metaKey) return;
      const name = KEYS[event.key] || (/^[0-9]$/.test(event.key) ? event.key : "");
      if (!name) return;
      event.preventDefault();
      key(name);
    });
    new ResizeObserver(() => this.announce()).observe(canvas);
  }

  flushMove() {
    if (this.moved && this.isDown) this.touch("move", this.moved);
    this.moved = null;
  }

  /** Window pixels of the booth, origin bottom left. */
  touch(phase, event) {
    const box = this.canvas.getBoundingClientRect();
    const x = (event.clientX - box.left) / box.width * this.width;
    const y = this.height - (event.clientY - box.top) / box.height * this.height;
    const clamp = (value, most) => Math.min(Math.max(value, 0), most - 1);
    this.send({ t: "touch", phase, x: clamp(x, this.width), y: clamp(y, this.height) });
  }

  /** Tell the bench how wide the picture is shown, so that no larger one is sent. */
  announce() {
    const px = Math.round(this.canvas.clientWidth * window.devicePixelRatio);
    if (px > 0) this.send({ t: "view", width_px: px });
  }

  setState(isLit, width = this.width, height = this.height, question = null) {
    this.width = width;
    this.height = height;
    this.canvas.classList.toggle("dark", !isLit);
    this.canvas.style.aspectRatio = `${width} / ${height}`;
    const words = question ? `${question.title} ${question.help || ""}` : "dark";
    this.canvas.setAttribute("aria-label", `The booth's screen: ${words}`);
  }

  async draw(jpeg) {
    let picture;
    try {
      picture = await createImageBitmap(new Blob([jpeg], { type: "image/jpeg" }));
    } catch {
      return;
    }
    if (this.canvas.width !== picture.width || this.canvas.height !== picture.height) {
      this.canvas.width = picture.width;
      this.canvas.height = picture.height;
    }
    this.context.drawImage(picture, 0, 0);
    picture.close();
    this.canvas.dataset.frames = String(Number(this.canvas.dataset.frames || 0) + 1);
  }
}
