/**
 * An answer of a model, put together from the events of a chat completion stream. Both names for reasoning are read:
 * `reasoning_content` (DeepSeek, llama.cpp) and `reasoning` (OpenRouter, Ollama, vLLM).
 */
export class Answer {
  reasoning = '';
  content = '';
  model = null;
  finish = null;
  usage = null;
  error = null;
  /** Whether `[DONE]` came: nothing else will. */
  done = false;
  /** How many deltas brought text: what is counted as tokens until the usage comes. */
  deltas = 0;

  /** Takes the data of one event; returns whether it brought text. */
  take(data) {
    if (data === '[DONE]') {
      this.done = true;
      return false;
    }
    let chunk;
    try {
      chunk = JSON.parse(data);
    } catch {
      this.error = 'The model’s server sent something that is not JSON.';
      return false;
    }
    if (chunk?.error) {
      this.error = String(chunk.error.message ?? chunk.error);
      return false;
    }
    this.model = chunk?.model ?? this.model;
    this.usage = chunk?.usage ?? this.usage;
    const choice = chunk?.choices?.[0];
    this.finish = choice?.finish_reason ?? this.finish;
    const thought = choice?.delta?.reasoning_content ?? choice?.delta?.reasoning ?? '';
    const text = choice?.delta?.content ?? '';
    if (typeof thought === 'string') this.reasoning += thought;
    if (typeof text === 'string') this.content += text;
    const brought = thought !== '' || text !== '';
    if (brought) this.deltas++;
    return brought;
  }

  /** Tokens: as the server counted them, or our deltas. */
  tokens() {
    return this.usage?.completion_tokens ?? this.deltas;
  }
}
