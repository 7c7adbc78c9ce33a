// Builds the console: static files with relative addresses and a content security policy, for any host.
import { readFileSync, readdirSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { gzipSync } from "node:zlib";
import { defineConfig, type Plugin } from "vite";

const HERE = import.meta.dirname;
const ROOT = dirname(HERE);

/** The content security policy: the pages may load scripts and data from their own origin only. */
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

/** Headers of the Worker's static assets. They include what a page cannot set in a `<meta>` element. */
const HEADERS = `/*
  Content-Security-Policy: ${POLICY}; frame-ancestors 'none'
  X-Content-Type-Options: nosniff
  Referrer-Policy: no-referrer
  Cross-Origin-Opener-Policy: same-origin
  Permissions-Policy: camera=(), geolocation=(), microphone=()
/assets/*
  Cache-Control: public, max-age=31536000, immutable
`;

/** Writes the policy into the page, for hosts that send no headers, and into the Worker's `_headers` file. */
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
 * `pdf-data`: the address of one file with the fonts, character maps and decoders that some PDFs need, so that drawing
 * them causes no requests. The file is a line of JSON, `[[name, bytes], ...]`, followed by the contents, all compressed
 * with gzip, because few hosts compress files of an unknown type.
 */
function pdfData(): Plugin {
  const id = "\0pdf-data";
  const source = dirname(createRequire(import.meta.url).resolve("pdfjs-dist/package.json"));
  const groups: [folder: string, pattern: RegExp][] = [
    ["standard_fonts", /\.(pfb|ttf)$/],
    ["cmaps", /\.bcmap$/],
    ["wasm", /^(jbig2|openjpeg|qcms_bg)\.wasm$/],
  ];
  return {
    name: "pdf-data",
    resolveId: (name) => (name === "pdf-data" ? id : undefined),
    load(name) {
      if (name !== id) return undefined;
      const files = groups.flatMap(([folder, pattern]) =>
        readdirSync(join(source, folder))
          .filter((file) => pattern.test(file))
          .sort()
          .map((file) => ({ file, bytes: readFileSync(join(source, folder, file)) })),
      );
      const index = JSON.stringify(files.map(({ file, bytes }) => [file, bytes.length]));
      const packed = gzipSync(Buffer.concat([Buffer.from(`${index}\n`), ...files.map(({ bytes }) => bytes)]), {
        level: 9,
      });
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
    // Files have their own addresses: inlined `data:` URLs would need an exception in the policy.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 2000,
  },
  plugins: [policy(), pdfData()],
});
