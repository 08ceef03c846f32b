// Asks the server. A problem becomes an Error with its sentence.

let token = sessionStorage.getItem("token") ?? "";

export function useToken(text) {
  token = text;
  sessionStorage.setItem("token", text);
}

export class Refused extends Error {
  constructor(problem) {
    super(problem.detail);
    this.status = problem.status;
  }
}

async function ask(path, options = {}) {
  const headers = token ? { Authorization: `Bearer ${token}` } : {};
  let answer;
  try {
    answer = await fetch(path, { ...options, headers });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Refused({ status: 0, detail: "the server does not answer." });
  }
  if (!answer.ok) throw new Refused(await answer.json());
  return answer;
}

function formOf(file, fields) {
  const form = new FormData();
  form.append("file", file, file.name);
  for (const [name, value] of Object.entries(fields)) form.append(name, value);
  return form;
}

export const models = async () => (await ask("/v1/models")).json();

export async function predict(file, fields, signal) {
  return (await ask("/v1/predict", { method: "POST", body: formOf(file, fields), signal })).json();
}

export async function* timeline(file, fields, signal) {
  const answer = await ask("/v1/timeline", { method: "POST", body: formOf(file, fields), signal });
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { value, done } = await reader.read();
    const lines = (rest + (value ?? "")).split("\n");
    rest = lines.pop();
    for (const line of lines) {
      const row = JSON.parse(line);
      if (row.problem) throw new Refused(row.problem);
      yield row;
    }
    if (done) return;
  }
}

export function live(query) {
  const address = `${location.origin.replace(/^http/, "ws")}/v1/live?${new URLSearchParams(query)}`;
  return new WebSocket(address, token ? [`bearer.${token}`] : []);
}
