// A hook: can this browser read QR codes by a camera? Most can only over https, and some never: then it is not offered.
import { useEffect, useState } from '../html.js'

async function canScan() {
  if (!globalThis.BarcodeDetector || !navigator.mediaDevices?.getUserMedia) return false
  try { return (await BarcodeDetector.getSupportedFormats()).includes('qr_code') } catch { return false }
}

export function useCamera() {
  const [can, set] = useState(false)
  useEffect(() => { canScan().then(set) }, [])
  return can
}
