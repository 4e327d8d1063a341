// What two npm packages say of exchanges: Steady (@stdy/cli) of the requests, which are sent to it
// once more over a loopback socket, and @hyperjump/json-schema of the answers, by the dialect of the
// document's version of OpenAPI.
//   node judge.mjs DOCUMENT LINES VERDICTS [ANSWERS]     so many answers, spread evenly; all by default

import { spawn } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import http from "node:http";
import { createRequire } from "node:module";

import { setShouldValidateSchema } from "@hyperjump/json-schema";

const require = createRequire(import.meta.url);
const METHODS = ["get", "put", "post", "delete", "options", "head", "patch", "trace"];
const agent = new http.Agent({ keepAlive: true });
const [documentFile, linesFile, verdictsFile, answers] = process.argv.slice(2);
const document = JSON.parse(readFileSync(documentFile, "utf8"));
const lines = readFileSync(linesFile, "utf8").split("\n").filter(Boolean).map((line) => JSON.parse(line));

/** OpenAPI leaves open how "deepObject" writes lists and what nests deeper; Steady has to be told. */
const nested = JSON.stringify(document).includes('"deepObject"');
const FORMATS = nested
  ? { "x-steady-query-object-format": "brackets", "x-steady-form-object-format": "brackets",
      "x-steady-query-array-format": "brackets", "x-steady-form-array-format": "brackets" }
  : {};

function ask(method, path, headers, body) {
  return new Promise((done, failed) => {
    const options = { host: "127.0.0.1", port, method, path, headers, agent, maxHeaderSize: 1 << 22 };
    const request = http.request(options, (response) => {
      const chunks = [];
      response.on("data", (chunk) => chunks.push(chunk));
      response.on("end", () => done({ status: response.statusCode, headers: response.headers,
        body: Buffer.concat(chunks).toString() }));
      response.on("error", failed);
    });
    request.on("error", failed);
    request.end(body);
  });
}

/** Below those that the system gives to others, and another one for each process. */
const port = 10000 + (process.pid % 20000);

const pause = (ms) => new Promise((done) => setTimeout(done, ms));

async function steady() {
  const program = require.resolve(`@stdy/cli-${process.platform}-${process.arch}/bin/steady`);
  const child = spawn(program, ["-p", port, "--log=false", "--no-color", "--reject-on-sdk-error", documentFile],
    { stdio: ["ignore", "pipe", "pipe"] });
  let said = "";
  child.stdout.on("data", (text) => (said += text));
  child.stderr.on("data", (text) => (said += text));
  for (let tries = 0; tries < 600 && child.exitCode === null; tries++) {
    const up = await ask("GET", "/_x-steady/health", {}).catch(() => null);
    if (up) return child;
    await pause(100);
  }
  child.kill();
  throw new Error(`Steady does not take the document: ${said.slice(-500)}`);
}

/** A base path with variables, as a regular expression. */
const pattern = (base) => base.split(/\{[^}]*\}/).map((text) => text.replace(/[.*+?^$()|[\]\\]/g, "\\$&"))
  .join("[^/]+");

/** Credentials in the query, which Steady does not know of. */
const KEYS = Object.values(document.components?.securitySchemes ?? {})
  .filter((scheme) => scheme.in === "query").map((scheme) => `E3015 query.${scheme.name} `);

/** The target below the server that the request went to: Steady has the paths alone. */
function target(url) {
  const servers = [...(document.servers ?? []), ...Object.values(document.paths).flatMap((item) =>
    [...(item.servers ?? []), ...METHODS.flatMap((method) => item[method]?.servers ?? [])])];
  const full = url.replace(/^[^:]+:\/\/[^/]+/, "");
  const bases = servers.map(({ url }) => url.replace(/^([^:/]+:)?\/\/[^/]+/, "").replace(/\/$/, ""));
  const lengths = bases.map((base) => full.match(new RegExp(`^${pattern(base)}(?=/)`))?.[0].length ?? 0);
  return full.slice(Math.max(0, ...lengths));
}

/** Steady reads the items of a list as `name[]`, we write them as Stripe's SDKs do: `name[0]`. */
const unindexed = (text) => text.replace(/(\[|%5B)\d+(\]|%5D)(?==)/gi, "$1$2");

async function requestErrors(line) {
  const headers = { ...FORMATS };
  for (const [name, value] of line.headers) if (name.toLowerCase() !== "accept-encoding") headers[name] = value;
  let body = Buffer.from(line.body, "base64");
  let path = target(line.url);
  if (nested) {
    path = path.replace(/\?.*/, unindexed);
    if (/urlencoded/.test(headers["Content-Type"])) body = Buffer.from(unindexed(body.toString()));
  }
  if (body.length) headers["content-length"] = body.length;
  const answer = await ask(line.method, path, headers, body.length ? body : undefined);
  const count = Number(answer.headers["x-steady-error-count"] ?? 0);
  const errors = Array.from({ length: count }, (_, at) =>
    ["code", "path", "message"].map((part) => answer.headers[`x-steady-error-${at + 1}-${part}`]).join(" "))
    .filter((text) => !KEYS.some((key) => text.startsWith(key)));
  const refused = answer.headers["x-steady-request-valid"] !== "true" && !count;
  return refused ? [`status ${answer.status} ${answer.body.slice(0, 300)}`] : errors;
}

const unescaped = (part) => decodeURIComponent(part).replaceAll("~1", "/").replaceAll("~0", "~");
const escaped = (part) => encodeURIComponent(part.replaceAll("~", "~0").replaceAll("/", "~1"));

/** Where a path through the document ends when references are followed: its parts, or null. */
function place(parts) {
  let at = [];
  let value = document;
  for (const part of parts) {
    at = [...at, part];
    value = value?.[part];
    while (typeof value?.$ref === "string") {
      at = value.$ref.split("/").slice(1).map(unescaped);
      value = at.reduce((inner, name) => inner?.[name], document);
    }
  }
  return value === undefined ? null : at;
}

const contentOf = (parts) => place([...parts, "content"]);
const essence = (type) => type.split(";")[0].trim().toLowerCase();

/** The schema of an answer, as a fragment; null where the document has none for it. */
function schemaOf(line, type) {
  const [, method, path] = line.operation.match(/^(\S+) (.*)$/);
  const responses = ["paths", path, method.toLowerCase(), "responses"];
  const { status } = line.answer;
  const statuses = [String(status), `${Math.floor(status / 100)}XX`, "default"];
  const content = statuses.map((name) => contentOf([...responses, name])).find(Boolean);
  const named = content && Object.keys(content.reduce((inner, name) => inner[name], document));
  const media = named?.find((name) => essence(name) === type);
  const schema = media && place([...content, media, "schema"]);
  return schema && `#${schema.map((part) => `/${escaped(part)}`).join("")}`;
}

const BASE = "https://judged.example/openapi.json";

async function answerJudge() {
  const version = document.openapi.startsWith("3.0") ? "3-0" : "3-1";
  const judge = version === "3-0" ? await import("@hyperjump/json-schema/openapi-3-0")
    : await import("@hyperjump/json-schema/openapi-3-1");
  setShouldValidateSchema(false); // the document is not on trial
  judge.registerSchema(document, BASE, version === "3-0" ? "https://spec.openapis.org/oas/3.0/dialect"
    : "https://spec.openapis.org/oas/3.1/dialect/base");
  const compiled = {};
  return async (line) => {
    const type = essence(Object.fromEntries(line.answer.headers.map(([name, value]) =>
      [name.toLowerCase(), value]))["content-type"] ?? "");
    const schema = /[/+]json$/.test(type) && line.answer.body && schemaOf(line, type);
    if (!schema) return [];
    compiled[schema] ??= await judge.validate(`${BASE}${schema}`);
    const value = JSON.parse(Buffer.from(line.answer.body, "base64").toString());
    const output = compiled[schema](value, "BASIC");
    return output.valid ? [] : output.errors.slice(-5).map((error) =>
      `${error.instanceLocation} against ${error.absoluteKeywordLocation.replace(BASE, "")}`);
  };
}

async function attempt(work) {
  try {
    return await work();
  } catch (error) {
    return [`the judge failed: ${error.message}`.slice(0, 500)];
  }
}

const child = await steady();
const judgeAnswer = await answerJudge();
const step = Math.max(1, Math.floor(lines.length / (Number(answers) || lines.length)));
const verdicts = [];
for (const [at, line] of lines.entries()) {
  const sent = Boolean(line.url);
  verdicts.push({
    request: sent ? await attempt(() => requestErrors(line)) : [],
    answer: sent && at % step === 0 ? await attempt(() => judgeAnswer(line)) : null,
  });
}
writeFileSync(verdictsFile, verdicts.map((verdict) => JSON.stringify(verdict) + "\n").join(""));
child.kill();
process.exit();
