// What the playground holds, in the fragment of a link: it is never sent to the server.

const CHARACTERS_MAX = 200_000;
const BYTES_MAX = 400_000;

export async function pack(value) {
  const stream = new Blob([JSON.stringify(value)]).stream().pipeThrough(new CompressionStream("deflate-raw"));
  const bytes = new Uint8Array(await new Response(stream).arrayBuffer());
  let text = "";
  for (let at = 0; at < bytes.length; at += 8192) text += String.fromCharCode(...bytes.subarray(at, at + 8192));
  return btoa(text).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
}

// The value, or null if the fragment is none of ours, damaged, or unfolds to too much.
export async function unpack(fragment) {
  if (fragment.length > CHARACTERS_MAX) return null;
  try {
    const bytes = Uint8Array.from(atob(fragment.replaceAll("-", "+").replaceAll("_", "/")), (c) => c.charCodeAt(0));
    const reader = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate-raw")).getReader();
    const chunks = [];
    let size = 0;
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      size += value.length;
      if (size > BYTES_MAX) return null;
      chunks.push(value);
    }
    const found = JSON.parse(await new Blob(chunks).text());
    return typeof found?.rule === "string" && typeof found?.article?.body === "string" ? found : null;
  } catch {
    return null;
  }
}
