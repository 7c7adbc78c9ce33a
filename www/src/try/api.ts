// The HTTP API of the server that served this page, if it is a Sortroom server.

/** The text of a response, or the error. */
export type ApiResult = { text: string } | { code: string; message: string };

/** The error code if there is no Sortroom server at this address. */
export const NO_SERVER = "NO_SERVER";

const address = (path: string): URL => new URL(`v1/${path}`, document.baseURI);

/** Sends a document with the parameters of a request. It uses the token or, without one, the cookie of the session. */
export async function sendDocument(
  path: string,
  bytes: Blob,
  name: string,
  parameters: Record<string, unknown>,
  token: string,
  signal: AbortSignal,
): Promise<ApiResult> {
  const form = new FormData();
  for (const [parameter, value] of Object.entries(parameters)) form.append(parameter, JSON.stringify(value));
  form.append("file", bytes, name);
  return send(path, { method: "POST", body: form, signal, headers: bearer(token) });
}

/** Saves a token in a cookie, which scripts cannot read, until the browser is closed. */
export const saveToken = (token: string): Promise<ApiResult> =>
  send("session", { method: "POST", headers: bearer(token) });

/** Deletes the cookie with the token. */
export const deleteToken = (): Promise<ApiResult> => send("session", { method: "DELETE" });

const bearer = (token: string): Record<string, string> => (token === "" ? {} : { authorization: `Bearer ${token}` });

async function send(path: string, request: RequestInit): Promise<ApiResult> {
  try {
    const response = await fetch(address(path), { ...request, credentials: "same-origin", cache: "no-store" });
    const text = await response.text();
    if (response.status === 204) return { text };
    // A static file host responds with a page or with an empty body, which is not JSON.
    const value = JSON.parse(text) as { error?: { code: string; message: string } };
    return response.ok ? { text } : { code: value.error!.code, message: value.error!.message };
  } catch (error) {
    if (request.signal?.aborted) throw error;
    return { code: NO_SERVER, message: "The server cannot be reached" };
  }
}
