// Records sound as samples, so that they can be sent while they come, or sound and pictures as webm or mp4.

const SOUND = { echoCancellation: false, noiseSuppression: false, autoGainControl: false };

export async function recordSound(onSamples) {
  const stream = await navigator.mediaDevices.getUserMedia({ audio: SOUND });
  const context = new AudioContext();
  await context.audioWorklet.addModule("/page/worklet.js");
  const samples = new AudioWorkletNode(context, "samples", { numberOfOutputs: 0 });
  const parts = [];
  samples.port.onmessage = ({ data }) => {
    parts.push(data);
    onSamples(data);
  };
  context.createMediaStreamSource(stream).connect(samples);
  const stop = async () => {
    for (const track of stream.getTracks()) track.stop();
    await context.close();
    return new File([wavHeader(parts, context.sampleRate), ...parts], "recording.wav", { type: "audio/wav" });
  };
  return { rate: context.sampleRate, stop };
}

export async function recordPictures(preview) {
  const stream = await navigator.mediaDevices.getUserMedia({ audio: SOUND, video: true });
  preview.srcObject = stream;
  await preview.play();
  const type = ["video/webm", "video/mp4"].find((each) => MediaRecorder.isTypeSupported(each));
  const recorder = new MediaRecorder(stream, { mimeType: type });
  const parts = [];
  recorder.ondataavailable = ({ data }) => parts.push(data);
  recorder.start(1000);
  const stop = async () => {
    const ended = new Promise((resolve) => recorder.addEventListener("stop", resolve));
    recorder.stop();
    await ended;
    for (const track of stream.getTracks()) track.stop();
    preview.srcObject = null;
    return new File(parts, `recording.${type.split("/")[1]}`, { type });
  };
  return { stop };
}

function wavHeader(parts, rate) {
  const size = parts.reduce((sum, part) => sum + part.byteLength, 0);
  const header = new DataView(new ArrayBuffer(44));
  const text = (at, letters) => [...letters].forEach((letter, i) => header.setUint8(at + i, letter.charCodeAt(0)));
  text(0, "RIFF");
  header.setUint32(4, 36 + size, true);
  text(8, "WAVEfmt ");
  header.setUint32(16, 16, true);
  header.setUint16(20, 1, true);
  header.setUint16(22, 1, true);
  header.setUint32(24, rate, true);
  header.setUint32(28, 2 * rate, true);
  header.setUint16(32, 2, true);
  header.setUint16(34, 16, true);
  text(36, "data");
  header.setUint32(40, size, true);
  return header;
}
