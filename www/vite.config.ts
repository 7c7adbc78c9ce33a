// How the console is built: static files with relative addresses, under one policy, for any host.
import { readFileSync, readdirSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { gzipSync } from "node:zlib";
import { defineConfig, type Plugin } from "vite";

const HERE = import.meta.dirname;
const ROOT = dirname(HERE);

/** What the pages may do: run what comes from here, ask here, and nothing else. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self' 'wasm-unsafe-eval'",
  "worker-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
].join("; ");

/** Headers of the Worker's static assets. What a page cannot say of itself is only here. */
const HEADERS = `/*
  Content-Security-Policy: ${POLICY}; frame-ancestors 'none'
  X-Content-Type-Options: nosniff
  Referrer-Policy: no-referrer
  Cross-Origin-Opener-Policy: same-origin
  Permissions-Policy: camera=(), geolocation=(), microphone=()
/assets/*
  Cache-Control: public, max-age=31536000, immutable
`;

/** The policy in the page, for hosts without headers, and in a file that the Worker's assets read theirs from. */
function policy(): Plugin {
  return {
    name: "policy",
    transformIndexHtml: (html) => html.replace("%POLICY%", POLICY),
    generateBundle() {
      this.emitFile({ type: "asset", fileName: "_headers", source: HEADERS });
    },
  };
}

/**
 * `pdf-data`: the address of one file with the fonts, character maps and decoders that some PDFs take, so that drawing
 * one asks for nothing. It is a line of JSON, `[[name, bytes], ...]`, and then the files; the whole is packed, because
 * few hosts pack what they do not know.
 */
function pdfData(): Plugin {
  const id = "\0pdf-data";
  const source = dirname(createRequire(import.meta.url).resolve("pdfjs-dist/package.json"));
  const wanted: [folder: string, files: RegExp][] = [
    ["standard_fonts", /\.(pfb|ttf)$/],
    ["cmaps", /\.bcmap$/],
    ["wasm", /^(jbig2|openjpeg|qcms_bg)\.wasm$/],
  ];
  return {
    name: "pdf-data",
    resolveId: (name) => (name === "pdf-data" ? id : undefined),
    load(name) {
      if (name !== id) return undefined;
      const files = wanted.flatMap(([folder, like]) =>
        readdirSync(join(source, folder))
          .filter((file) => like.test(file))
          .sort()
          .map((file) => ({ file, bytes: readFileSync(join(source, folder, file)) })),
      );
      const index = JSON.stringify(files.map(({ file, bytes }) => [file, bytes.length]));
      const packed = gzipSync(Buffer.concat([Buffer.from(`${index}\n`), ...files.map(({ bytes }) => bytes)]), { level: 9 });
      const reference = this.emitFile({ type: "asset", name: "pdf-data.bin", source: packed });
      return `export default import.meta.ROLLUP_FILE_URL_${reference};`;
    },
  };
}

export default defineConfig({
  base: "./",
  publicDir: false,
  resolve: {
    alias: [
      { find: /^sortroom$/, replacement: join(ROOT, "build", "npm", "browser.js") },
      { find: /^sortroom\//, replacement: `${join(ROOT, "build", "npm")}/` },
    ],
  },
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  worker: { format: "es" },
  build: {
    target: "es2023",
    // An address in a page that is a file of its own needs no exception in the policy.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 2000,
  },
  plugins: [policy(), pdfData()],
});
