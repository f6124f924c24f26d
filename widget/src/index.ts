/** The widget as a module: for pages that are built rather than tagged. */
import type * as Package from "../package/index";
import { createVoc, type Voc } from "./voc";

let current: Voc | undefined;

/** Importing does nothing, so that a server may render the page; this needs a browser. */
export const init: typeof Package.init = ({ server, key, locale, consent }) => {
  current ||= createVoc({
    base: new URL(server, location.href).origin,
    key,
    locale,
    consent: consent !== "required",
  });
  return current as Package.Voc;
};
