import { useEffect, useId } from "react";
import { init, type Events, type ShowOptions } from "voc-widget";

interface Props extends Omit<ShowOptions, "target" | "display"> {
  server: string;
  publicKey: string;
  survey: string;
  /** Token that your own server signed; without it the answer is nobody's. */
  identity?: string;
  onCompleted?: (event: Events["completed"]) => void;
}

/** A survey in the page, where the component stands. */
export function Survey({ server, publicKey, survey, identity, onCompleted, ...options }: Props) {
  const id = `voc${useId().replace(/\W/g, "")}`;
  const { locale, touchpoint } = options;

  useEffect(() => {
    const voc = init({ server, key: publicKey });
    let mounted = true;
    if (identity) voc("identify", identity);
    voc("on", "completed", (event) => {
      if (mounted && event.survey === survey) onCompleted?.(event);
    });
    voc("show", survey, {
      display: "inline",
      target: `#${id}`,
      ...(locale && { locale }),
      ...(touchpoint && { touchpoint }),
    });
    return () => {
      mounted = false;
    };
    // The survey is shown anew when another one is wanted, not at every new callback.
  }, [server, publicKey, survey, identity, locale, touchpoint, id]);

  return <div id={id} />;
}
