// The HTTP API of the server that this page came from, where one did.

/** What the server said: the text of its answer, or why there is none. */
export type Said = { text: string } | { code: string; message: string };

/** What stands for a server that is none. */
export const NO_SERVER = "NO_SERVER";

const address = (path: string): URL => new URL(`v1/${path}`, document.baseURI);

/** Sends a document with what it is asked; with the token, or else with the cookie of the session. */
export async function ask(path: string, bytes: Blob, name: string, asked: Record<string, unknown>, token: string, signal: AbortSignal): Promise<Said> {
  const form = new FormData();
  for (const [member, value] of Object.entries(asked)) form.append(member, JSON.stringify(value));
  form.append("file", bytes, name);
  return said(path, { method: "POST", body: form, signal, headers: bearer(token) });
}

/** Has the browser keep a token in a cookie until it is closed, out of reach of scripts. */
export const keep = (token: string): Promise<Said> => said("session", { method: "POST", headers: bearer(token) });

/** Has the browser forget that token. */
export const forget = (): Promise<Said> => said("session", { method: "DELETE" });

const bearer = (token: string): Record<string, string> => (token === "" ? {} : { authorization: `Bearer ${token}` });

async function said(path: string, request: RequestInit): Promise<Said> {
  try {
    const answer = await fetch(address(path), { ...request, credentials: "same-origin", cache: "no-store" });
    const text = await answer.text();
    if (answer.status === 204) return { text };
    // A host of plain files answers with a page, or with nothing; that is no JSON.
    const value = JSON.parse(text) as { error?: { code: string; message: string } };
    return answer.ok ? { text } : { code: value.error!.code, message: value.error!.message };
  } catch (error) {
    if (request.signal?.aborted) throw error;
    return { code: NO_SERVER, message: "The server cannot be reached" };
  }
}
