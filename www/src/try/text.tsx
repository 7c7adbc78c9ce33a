// A text input with an error message.
import { useId } from "preact/hooks";

interface Props {
  /** The accessible name. */
  label: string;
  value: string;
  placeholder?: string;
  /** The error message for the value. */
  error?: string | undefined;
  maxLength?: number;
  /** Whether it is a text area with several lines. */
  isMultiline?: boolean;
  onChange: (value: string) => void;
}

export function Text({ label, value, placeholder, error, maxLength, isMultiline = false, onChange }: Props) {
  const id = useId();
  const props = {
    value,
    "aria-label": label,
    "aria-invalid": error !== undefined,
    "aria-describedby": error === undefined ? undefined : id,
    placeholder,
    maxLength,
    spellcheck: false,
    autocomplete: "off" as const,
    onInput: ({ currentTarget }: { currentTarget: { value: string } }) => onChange(currentTarget.value),
  };
  return (
    <div class={isMultiline ? "text long" : "text"}>
      {isMultiline ? <textarea rows={2} {...props} /> : <input type="text" {...props} />}
      {error !== undefined && (
        <p class="fault" id={id}>
          {error}
        </p>
      )}
    </div>
  );
}
