// Asking the server. A failure is an Error with a sentence that people can read.

export class Refused extends Error {
  constructor(status, text) {
    super(text);
    this.status = status;
  }
}

export async function get(path, signal) {
  return answer(() => fetch(path, { headers: { Accept: "application/json" }, signal }));
}

export async function post(path, body, signal) {
  return answer(() =>
    fetch(path, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body), signal }),
  );
}

async function answer(ask) {
  let response;
  try {
    response = await ask();
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Refused(0, "The server does not answer.");
  }
  if (response.status === 401) {
    location.assign(`/login?next=${encodeURIComponent(location.pathname + location.search)}`);
    throw new Refused(401, "You are logged out.");
  }
  let data = null;
  try {
    data = await response.json();
  } catch {
    throw new Refused(response.status, `The server answered with ${response.status}.`);
  }
  if (!response.ok) throw new Refused(response.status, data.error || `The server answered with ${response.status}.`);
  return data;
}
