// The providers' own libraries, asked over standard input. Each line is a question:
//   {scheme, ask: "judge" | "sign", secret, document, now, method, url, headers, body}
// and each line of the answer true, false, or the headers that the library signs with. A library's
// clock stands at `now` (seconds); none reaches the network.

import { createRequire } from "node:module";
import { createInterface } from "node:readline";
import https from "node:https";
import { Readable } from "node:stream";

import { LinearWebhookClient } from "@linear/sdk/webhooks";
import * as octokit from "@octokit/webhooks-methods";

const require = createRequire(import.meta.url);
console.debug = console.error = () => {};

const RealDate = Date;
let moment = 0;
globalThis.Date = class extends RealDate {
  constructor(...given) {
    given.length ? super(...given) : super(moment);
  }
  static now() {
    return moment;
  }
};

let document = "";
https.get = (_, found) => {
  const answer = Readable.from([document]);
  answer.statusCode = 200;
  found(answer);
  return answer;
};

/** What a library does not throw at was true, unless it says otherwise. */
const unlessThrown = async (check) => (await check) ?? true;

const pathOf = (url) => url.replace(/^https:..[^/]+/, "");

/** Contentful's signs what it is given, so it is given what is listed. */
function canonical({ method, url, headers, body }) {
  return { method, path: pathOf(url), headers, body };
}

function adyenItem(body) {
  return JSON.parse(body).notificationItems[0].NotificationRequestItem;
}

function hubspot({ method, url, headers, body, secret }, timestamp) {
  return { method, url, requestBody: body, clientSecret: secret, timestamp,
    signature: headers["x-hubspot-signature-v3"], signatureVersion: "v3" };
}

const notion = () => require("@notionhq/client");

async function shopify({ secret, body, headers }) {
  require("@shopify/shopify-api/adapters/node");
  const { shopifyApi, ApiVersion } = require("@shopify/shopify-api");
  const api = shopifyApi({ apiKey: "k", apiSecretKey: secret, hostName: "shop.example",
    apiVersion: Object.values(ApiVersion)[0], isEmbeddedApp: false, scopes: [], logger: { level: 0 } });
  const unsigned = { "x-shopify-api-version": "2026-01", "x-shopify-shop-domain": "a.myshopify.com" };
  const rawRequest = { method: "POST", url: "/", headers: { ...unsigned, ...headers } };
  const { valid } = await api.webhooks.validate({ rawBody: body, rawRequest, rawResponse: {} });
  return valid;
}

async function zoom({ secret, body, headers }) {
  const { AwsLambdaReceiver } = require("@zoom/rivet/meetings");
  const receiver = new AwsLambdaReceiver({ webhooksSecretToken: secret });
  receiver.init({ eventEmitter: { emit() {} } });
  const answer = await receiver.start()({ headers, body, isBase64Encoded: false }, {});
  return answer.statusCode === 200;
}

async function sns({ body }) {
  delete require.cache[require.resolve("sns-validator")]; // it keeps certificates by address
  const Validator = require("sns-validator");
  await new Promise((done, failed) =>
    new Validator().validate(body, (error) => (error ? failed(error) : done())));
}

function dropboxSign({ secret, body }) {
  const { EventCallbackHelper, EventCallbackRequest } = require("@dropbox/sign");
  const sent = JSON.parse(body.match(/\{.*\}/s)[0]);
  return EventCallbackHelper.isValid(secret, EventCallbackRequest.init(sent));
}

const JUDGES = {
  adyen: ({ secret, body }) => {
    const { hmacValidator } = require("@adyen/api-library");
    return new hmacValidator().validateHMAC(adyenItem(body), secret);
  },
  "adyen-platform": ({ secret, body, headers }) => {
    const { hmacValidator } = require("@adyen/api-library");
    return new hmacValidator().validateHMACSignature(secret, headers.hmacsignature, body);
  },
  "aws-sns": sns,
  bigcommerce: ({ secret, body, headers }) => {
    const { Webhook } = require("standardwebhooks");
    new Webhook(Buffer.from(secret).toString("base64")).verify(body, headers);
  },
  clerk: async ({ secret, url, headers, body, method }) => {
    const { verifyWebhook } = require("@clerk/backend/webhooks");
    await verifyWebhook(new Request(url, { method, headers, body }), { signingSecret: secret });
  },
  "coinbase-commerce": ({ secret, body, headers }) =>
    require("coinbase-commerce-node").Webhook.verifySigHeader(
      body, headers["x-cc-webhook-signature"], secret),
  contentful: (one) =>
    require("@contentful/node-apps-toolkit").verifyRequest(one.secret, canonical(one)),
  discord: ({ secret, body, headers }) =>
    require("discord-interactions").verifyKey(
      body, headers["x-signature-ed25519"], headers["x-signature-timestamp"], secret),
  "dropbox-sign": dropboxSign,
  github: ({ secret, body, headers }) =>
    octokit.verify(secret, body, headers["x-hub-signature-256"]),
  gocardless: ({ secret, body, headers }) =>
    require("gocardless-nodejs/webhooks").verifySignature(
      body, secret, headers["webhook-signature"]),
  hubspot: (one) => require("@hubspot/api-client").Signature.isValid(
    hubspot(one, Number(one.headers["x-hubspot-request-timestamp"]))),
  line: ({ secret, body, headers }) =>
    require("@line/bot-sdk").validateSignature(body, secret, headers["x-line-signature"]),
  linear: ({ secret, body, headers }) =>
    new LinearWebhookClient(secret).verify(Buffer.from(body), headers["linear-signature"]),
  mux: ({ secret, body, headers }) => {
    const { Mux } = require("@mux/mux-node");
    return new Mux({ tokenId: "t", tokenSecret: "s" }).webhooks.verifySignature(
      body, headers, secret);
  },
  notion: ({ secret, body, headers }) => notion().verifyWebhookSignature(
    { body, signature: headers["x-notion-signature"], verificationToken: secret }),
  openai: ({ secret, body, headers }) => {
    const { OpenAI } = require("openai");
    return new OpenAI({ apiKey: "k" }).webhooks.verifySignature(body, headers, secret);
  },
  paddle: async ({ secret, body, headers }) => {
    const { Paddle, LogLevel } = require("@paddle/paddle-node-sdk");
    const paddle = new Paddle("k", { logLevel: LogLevel.none });
    return paddle.webhooks.isSignatureValid(body, secret, headers["paddle-signature"]);
  },
  razorpay: ({ secret, body, headers }) =>
    require("razorpay").validateWebhookSignature(body, headers["x-razorpay-signature"], secret),
  replicate: ({ secret, body, headers }) =>
    require("replicate").validateWebhook({ headers, body }, secret),
  resend: ({ secret, body, headers }) => {
    const { Resend } = require("resend");
    new Resend("re_k").webhooks.verify({
      payload: body, webhookSecret: secret,
      headers: { id: headers["svix-id"], timestamp: headers["svix-timestamp"],
        signature: headers["svix-signature"] },
    });
  },
  sanity: ({ secret, body, headers }) => require("@sanity/webhook").isValidSignature(
    body, headers["sanity-webhook-signature"], secret),
  shopify,
  square: ({ secret, body, headers, url }) =>
    require("square").WebhooksHelper.verifySignature({
      requestBody: body, signatureHeader: headers["x-square-hmacsha256-signature"],
      signatureKey: secret, notificationUrl: url }),
  telnyx: async ({ secret, body, headers }) => {
    const { Telnyx } = require("telnyx");
    await new Telnyx({ apiKey: "k" }).webhooks.unwrap(body, { headers, key: secret });
  },
  x: ({ secret, body, headers }) => require("twitter-autohook").validateSignature(
    headers, { consumer_secret: secret }, body),
  zoom,
};

/** What libraries can sign, with the headers that the delivery has besides. */
const SIGNERS = {
  "adyen-platform": ({ secret, body }) => {
    const { hmacValidator } = require("@adyen/api-library");
    return { hmacsignature: new hmacValidator().calculateHmac(body, secret) };
  },
  bigcommerce: ({ secret, body, headers, now }) => {
    const { Webhook } = require("standardwebhooks");
    const judge = new Webhook(Buffer.from(secret).toString("base64"));
    return { "webhook-signature": judge.sign(headers["webhook-id"], new Date(now * 1000), body) };
  },
  "coinbase-commerce": ({ secret, body }) => ({ "x-cc-webhook-signature":
    require("coinbase-commerce-node").Webhook.computeSignature(body, secret) }),
  contentful: (one) => require("@contentful/node-apps-toolkit").signRequest(
    one.secret, { ...canonical(one), headers: { "content-type": one.headers["content-type"] } },
    one.now * 1000),
  github: async ({ secret, body }) => ({ "x-hub-signature-256": await octokit.sign(secret, body) }),
  hubspot: (one) => ({
    "x-hubspot-request-timestamp": `${one.now * 1000}`,
    "x-hubspot-signature-v3": require("@hubspot/api-client").Signature.getSignature(
      one.method, "v3", hubspot(one, one.now * 1000)) }),
  notion: async ({ secret, body }) => ({ "x-notion-signature":
    await notion().signWebhookPayload({ body, verificationToken: secret }) }),
  sanity: async ({ secret, body, now }) => ({ "sanity-webhook-signature":
    await require("@sanity/webhook").encodeSignatureHeader(body, now * 1000, secret) }),
};

for await (const line of createInterface({ input: process.stdin })) {
  const one = JSON.parse(line);
  moment = one.now * 1000;
  document = one.document;
  let answer;
  try {
    answer = one.ask === "sign" ? ((await SIGNERS[one.scheme]?.(one)) ?? null)
      : await unlessThrown(JUDGES[one.scheme](one));
  } catch (error) {
    answer = one.ask === "why" ? String(error) : false;
  }
  process.stdout.write(JSON.stringify(answer) + "\n");
}
process.exit(0);
