// The waveform of a sound on a canvas.

const RATE = 22_050;

export async function peaksOf(file, columns) {
  const context = new OfflineAudioContext(1, 1, RATE);
  const sound = await context.decodeAudioData(await file.arrayBuffer());
  const samples = sound.getChannelData(0);
  const step = samples.length / columns;
  return Array.from({ length: columns }, (_, column) => {
    let highest = 0;
    const end = Math.min(Math.ceil((column + 1) * step), samples.length);
    for (let i = Math.floor(column * step); i < end; i++) highest = Math.max(highest, Math.abs(samples[i]));
    return highest;
  });
}

export function paintWave(canvas, peaks, share) {
  const { width, height } = canvas.getBoundingClientRect();
  canvas.width = width * devicePixelRatio;
  canvas.height = height * devicePixelRatio;
  const context = canvas.getContext("2d");
  context.scale(devicePixelRatio, devicePixelRatio);
  const colours = getComputedStyle(document.documentElement);
  const highest = Math.max(...peaks, 1e-3);
  const step = width / peaks.length;
  peaks.forEach((peak, column) => {
    context.fillStyle = colours.getPropertyValue(column / peaks.length < share ? "--accent" : "--quiet");
    const size = Math.max((peak / highest) * height, 1);
    context.fillRect(column * step, (height - size) / 2, Math.max(step - 0.5, 0.5), size);
  });
}
