// Records sound as samples, so that they can be sent while they come, or sound and pictures as webm or mp4.

import { element } from "./elements.js";

const SOUND = { echoCancellation: false, noiseSuppression: false, autoGainControl: false };
export const FRAME_RATE = 20;
const PICTURE_SIDE = 320;
const PICTURE_QUALITY = 0.8;

export async function recordSound(onSamples) {
  const stream = await navigator.mediaDevices.getUserMedia({ audio: SOUND });
  const parts = [];
  const context = await hear(stream, (samples) => {
    parts.push(samples);
    onSamples(samples);
  });
  const stop = async () => {
    end(stream);
    await context.close();
    return new File([wavHeader(parts, context.sampleRate), ...parts], "recording.wav", { type: "audio/wav" });
  };
  return { rate: context.sampleRate, stop };
}

export async function recordPictures(preview, { onSamples, onPicture, onBytes }) {
  const stream = await navigator.mediaDevices.getUserMedia({ audio: SOUND, video: true });
  const context = await hear(stream, onSamples);
  preview.srcObject = stream;
  await preview.play();
  const stopSeeing = see(preview, onPicture);
  const type = ["video/webm", "video/mp4"].find((each) => MediaRecorder.isTypeSupported(each));
  const recorder = new MediaRecorder(stream, { mimeType: type });
  const parts = [];
  recorder.ondataavailable = ({ data }) => {
    parts.push(data);
    onBytes(data.size);
  };
  recorder.start(1000);
  const stop = async () => {
    stopSeeing();
    const ended = new Promise((resolve) => recorder.addEventListener("stop", resolve));
    recorder.stop();
    await ended;
    end(stream);
    await context.close();
    preview.srcObject = null;
    return new File(parts, `recording.${type.split("/")[1]}`, { type });
  };
  return { rate: context.sampleRate, stop };
}

async function hear(stream, onSamples) {
  const context = new AudioContext();
  try {
    await context.audioWorklet.addModule("/page/worklet.js");
  } catch (error) { // such as a server that has ended
    end(stream);
    throw error;
  }
  const samples = new AudioWorkletNode(context, "samples", { numberOfOutputs: 0 });
  samples.port.onmessage = ({ data }) => onSamples(data);
  context.createMediaStreamSource(stream).connect(samples);
  return context;
}

// Passes on what a video shows as JPEG in base64. The server counts pictures as time: a late one is sent several times.
function see(video, onPicture) {
  const canvas = element("canvas");
  const context = canvas.getContext("2d");
  const began = performance.now();
  let n = 0;
  const timer = setInterval(() => {
    const due = Math.floor(((performance.now() - began) / 1000) * FRAME_RATE);
    if (due === n) return;
    const scale = PICTURE_SIDE / Math.max(video.videoWidth, video.videoHeight);
    canvas.width = Math.round(video.videoWidth * scale);
    canvas.height = Math.round(video.videoHeight * scale);
    context.drawImage(video, 0, 0, canvas.width, canvas.height);
    const [, picture] = canvas.toDataURL("image/jpeg", PICTURE_QUALITY).split(",");
    for (n = Math.max(n, due - FRAME_RATE); n < due; n++) onPicture(picture);
  }, 500 / FRAME_RATE);
  return () => clearInterval(timer);
}

function end(stream) {
  for (const track of stream.getTracks()) track.stop();
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
