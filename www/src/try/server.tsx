// The same document through the HTTP API, and whether it says the same.
export function Server() {
  return null;
}
