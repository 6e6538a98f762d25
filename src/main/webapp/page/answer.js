import {inWords} from './words.js';

/**
 * An answer of a model, put together from the events of a chat completion stream. Both names for reasoning are read:
 * `reasoning_content` (DeepSeek, llama.cpp) and `reasoning` (OpenRouter, Ollama, vLLM).
 */
export class Answer {
  reasoning = '';
  content = '';
  usage = null;
  error = null;
  /** Whether `[DONE]` came: nothing else will. */
  done = false;
  /** Whether it ended with an error: nothing else will come either. */
  broken = false;
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
      this.breakOff('The model’s server sent something that is not JSON.');
      return false;
    }
    if (chunk?.error) {
      this.breakOff(inWords(502, data));
      return false;
    }
    this.usage = chunk?.usage ?? this.usage;
    const choice = chunk?.choices?.[0];
    const thought = choice?.delta?.reasoning_content ?? choice?.delta?.reasoning ?? '';
    const text = choice?.delta?.content ?? '';
    if (typeof thought === 'string') this.reasoning += thought;
    if (typeof text === 'string') this.content += text;
    const brought = thought !== '' || text !== '';
    if (brought) this.deltas++;
    return brought;
  }

  breakOff(sentence) {
    this.error = sentence;
    this.broken = true;
  }

  /** Tokens: as the server counted them, or our deltas. */
  tokens() {
    return this.usage?.completion_tokens ?? this.deltas;
  }
}
