// Shows the OpenAPI description of this server.

import { byId, element } from "./elements.js";

function fieldsOf(operation) {
  const content = operation.requestBody?.content ?? {};
  return Object.entries(content).flatMap(([type, { schema }]) => [
    element("p", {}, `Send ${type} with:`),
    element("ul", {}, ...Object.entries(schema.properties).map(([name, { type: kind, enum: values, description }]) =>
      element("li", {}, element("code", {}, name), ` (${values?.join(", ") ?? kind}${schema.required.includes(name) ? "" : ", optional"}): ${description}`))),
  ]);
}

function section(method, path, operation) {
  const answers = Object.entries(operation.responses).map(([status, { description, content }]) =>
    element("li", {}, element("code", {}, status), ` ${description}${content ? ` (${Object.keys(content).join(", ")})` : ""}`));
  return element("section", {}, element("h2", {}, `${method.toUpperCase()} ${path}`), element("p", {}, operation.summary),
    ...fieldsOf(operation), element("p", {}, "Answers:"), element("ul", {}, ...answers));
}

const token = sessionStorage.getItem("token");
const answer = await fetch("/openapi.json", { headers: token ? { Authorization: `Bearer ${token}` } : {} });
const description = await answer.json();
const paths = answer.ok ? description.paths : {};
byId("paths").className = "results";
byId("paths").replaceChildren(...(answer.ok ? [] : [element("p", { role: "alert" }, description.detail)]),
  ...Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => section(method, path, operation))));
