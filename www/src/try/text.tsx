// A field to write in, with what is wrong with it.
import { useId } from "preact/hooks";

interface Props {
  /** What it is called where it is not seen. */
  label: string;
  value: string;
  placeholder?: string;
  /** What is wrong with what is written. */
  fault?: string | undefined;
  maxLength?: number;
  /** Whether it may have lines. */
  long?: boolean;
  onChange: (value: string) => void;
}

export function Text({ label, value, placeholder, fault, maxLength, long = false, onChange }: Props) {
  const id = useId();
  const props = {
    value,
    "aria-label": label,
    "aria-invalid": fault !== undefined,
    "aria-describedby": fault === undefined ? undefined : id,
    placeholder,
    maxLength,
    spellcheck: false,
    autocomplete: "off" as const,
    onInput: ({ currentTarget }: { currentTarget: { value: string } }) => onChange(currentTarget.value),
  };
  return (
    <div class={long ? "text long" : "text"}>
      {long ? <textarea rows={2} {...props} /> : <input type="text" {...props} />}
      {fault !== undefined && (
        <p class="fault" id={id}>
          {fault}
        </p>
      )}
    </div>
  );
}
