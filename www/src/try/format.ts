// Formats values for the user.
import type { Format } from "sortroom";
import { formats } from "sortroom/worker";

/** A fraction as a percentage. A value below 1 is never shown as 100 %. */
export function percent(fraction: number): string {
  const rounded = Math.round(fraction * 100);
  if (rounded === 100 && fraction < 1) return "over 99 %";
  return `${rounded} %`;
}

/** `−0.12` */
export const decimal = (value: number): string => value.toFixed(2).replace("-", "−");

/** `+0.12` */
export const signed = (value: number): string => (value < 0 ? decimal(value) : `+${decimal(value)}`);

/** The name of a format, as in "Web page". */
export function formatName(format: Format): string {
  const name = formats.find((row) => row.format === format)?.name ?? format;
  return name.charAt(0).toUpperCase() + name.slice(1);
}

/** `3.2 kB` */
export function fileSize(bytes: number): string {
  if (bytes < 1000) return `${bytes} bytes`;
  if (bytes < 1e6) return `${(bytes / 1e3).toFixed(1)} kB`;
  return `${(bytes / 1e6).toFixed(1)} MB`;
}

export const plural = (count: number, singular: string, many = `${singular}s`): string =>
  `${count.toLocaleString("en")} ${count === 1 ? singular : many}`;
