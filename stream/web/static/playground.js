import { empty } from "./dom.js";
export class PlaygroundView {
  constructor() { this.node = empty("Playground"); }
  show() {}
}
