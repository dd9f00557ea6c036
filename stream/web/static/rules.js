import { empty } from "./dom.js";
export class RulesView {
  constructor() { this.node = empty("Rules"); }
  show() {}
}
