// Runs in the thread of the sound: passes on the first channel as 16-bit samples, a tenth of a second at a time.

class Samples extends AudioWorkletProcessor {
  constructor() {
    super();
    this.kept = new Int16Array(Math.round(sampleRate / 10));
    this.n = 0;
  }

  process([input]) {
    for (const value of input[0] ?? []) {
      this.kept[this.n++] = Math.round(Math.max(-1, Math.min(1, value)) * 32767);
      if (this.n === this.kept.length) {
        this.port.postMessage(this.kept.slice());
        this.n = 0;
      }
    }
    return true;
  }
}

registerProcessor("samples", Samples);
