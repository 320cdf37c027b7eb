// What the booth says: live from its loudspeaker (s16le, 22 050 Hz, mono) or one sentence again.
const RATE_HZ = 22050;
const AHEAD_S = 0.12; // a little in hand against gaps

export class Ears {
  constructor(level) {
    this.level = level;
    this.context = null;
    this.isListening = false;
    this.next = 0;
    this.player = new Audio();
    this.falling = 0;
  }

  /** Needs a click before (browsers keep quiet otherwise). */
  listen(on) {
    this.isListening = on;
    if (on && !this.context) this.context = new AudioContext();
    if (this.context) on ? this.context.resume() : this.context.suspend();
  }

  hear(bytes) {
    const samples = new Int16Array(bytes.byteLength % 2 ? bytes.slice(0, -1) : bytes);
    let peak = 0;
    for (let at = 0; at < samples.length; at += 16) peak = Math.max(peak, Math.abs(samples[at]));
    this.show(peak / 32768);
    if (!this.isListening || !samples.length) return;
    const buffer = this.context.createBuffer(1, samples.length, RATE_HZ);
    const channel = buffer.getChannelData(0);
    for (let at = 0; at < samples.length; at++) channel[at] = samples[at] / 32768;
    const source = this.context.createBufferSource();
    source.buffer = buffer;
    source.connect(this.context.destination);
    const now = this.context.currentTime;
    if (this.next < now) this.next = now + AHEAD_S;
    source.start(this.next);
    this.next += buffer.duration;
  }

  show(loudness) {
    this.level.style.transform = `scaleX(${Math.min(1, loudness * 1.6)})`;
    clearTimeout(this.falling);
    this.falling = setTimeout(() => { this.level.style.transform = "scaleX(0)"; }, 300);
  }

  async play(url) {
    this.player.pause();
    this.player.src = url;
    await this.player.play();
  }
}
