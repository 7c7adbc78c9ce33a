// How things are written for people.
import type { Format } from "sortroom";

/** A share in percent. What is not quite certain is not called so. */
export function percent(share: number): string {
  const rounded = Math.round(share * 100);
  if (rounded === 100 && share < 1) return "over 99 %";
  return `${rounded} %`;
}

/** `−0.12` */
export const number = (value: number): string => value.toFixed(2).replace("-", "−");

/** `+0.12` */
export const signed = (value: number): string => (value < 0 ? number(value) : `+${number(value)}`);

export const FORMATS: Record<Format, string> = {
  pdf: "PDF",
  docx: "Word file",
  html: "Web page",
  eml: "Mail",
  markdown: "Markdown",
  plain: "Text",
};

/** `3.2 kB` */
export function size(bytes: number): string {
  if (bytes < 1000) return `${bytes} bytes`;
  if (bytes < 1e6) return `${(bytes / 1e3).toFixed(1)} kB`;
  return `${(bytes / 1e6).toFixed(1)} MB`;
}

export const plural = (count: number, one: string, many = `${one}s`): string => `${count.toLocaleString("en")} ${count === 1 ? one : many}`;
