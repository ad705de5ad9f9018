/* Codes come by camera, where the browser can read them, and by a scanner that types: fast keys, then Enter. */
const FAST = 150, SHORTEST = 3; // [ms] between two keys of a scanner; fewer characters are no code

export function listenToWedge(found) {
  let text = "", last = 0;
  document.addEventListener("keydown", (event) => {
    if (event.target.matches("input, textarea")) return;
    const quick = event.timeStamp - last < FAST;
    last = event.timeStamp;
    if (event.key === "Enter") {
      const code = quick ? text : "";
      text = "";
      if (code.length >= SHORTEST) { event.preventDefault(); found(code); }
    } else if (event.key.length === 1 && !event.ctrlKey && !event.metaKey) text = (quick ? text : "") + event.key;
  }, true);
}
export const hasCamera = () => "BarcodeDetector" in window && Boolean(navigator.mediaDevices?.getUserMedia);

/* Read until a code is seen; returns a function that stops. */
export async function readCamera(video, found, failed) {
  let stream = null, done = false;
  const stop = () => { done = true; stream?.getTracks().forEach((track) => track.stop()); };
  try {
    stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } });
    video.srcObject = stream;
    await video.play();
    const detector = new BarcodeDetector();
    const look = async () => {
      if (done) return;
      const [code] = await detector.detect(video).catch(() => []);
      if (code && !done) { stop(); found(code.rawValue); } else setTimeout(look, 150);
    };
    look();
  } catch { stop(); failed(); }
  return stop;
}
