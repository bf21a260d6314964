// As much of the XMLHttpRequest of browsers as AutobahnJS needs.
import http from 'node:http';

const agent = new http.Agent({ keepAlive: true });

export class XMLHttpRequest {
    readyState = 0;
    status = 0;
    statusText = '';
    responseText = '';
    timeout = 0;
    #headers = {};

    open(method, url) {
        Object.assign(this, { method, url });
    }

    setRequestHeader(name, value) {
        this.#headers[name] = value;
    }

    send(body) {
        const length = Buffer.byteLength(body ?? '');
        const headers = { ...this.#headers, 'content-length': length };
        const request = http.request(this.url, { method: this.method, headers, agent }, (response) => {
            let text = '';
            response.setEncoding('utf8');
            response.on('data', (piece) => { text += piece; });
            response.on('end', () => this.#done(response.statusCode, response.statusMessage, text));
        });
        if (this.timeout > 0) {
            request.setTimeout(this.timeout, () => { this.ontimeout?.(); request.destroy(); });
        }
        request.on('error', (error) => this.#done(0, error.message, ''));
        request.end(body);
    }

    #done(status, statusText, responseText) {
        Object.assign(this, { readyState: 4, status, statusText, responseText });
        this.onreadystatechange?.();
    }
}
