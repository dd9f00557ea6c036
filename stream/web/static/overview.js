import { empty } from "./dom.js";
export class OverviewView {
  constructor() { this.node = empty("Overview"); }
  show() {}
}
