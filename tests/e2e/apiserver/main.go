// Command apiserver is the API server of Kubernetes, with an etcd in the same process.
//
// It is the server's own code with its own defaults: RBAC, admission, all built-in types. There is no
// controller and no kubelet. It listens on the loopback interface, at a port that the system chooses;
// once it is ready it prints a kubeconfig of an administrator. It ends, and removes what it stored,
// when its standard input ends.
package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/spf13/pflag"
	"go.etcd.io/etcd/server/v3/embed"
	utilerrors "k8s.io/apimachinery/pkg/util/errors"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/util/keyutil"
	"k8s.io/kubernetes/cmd/kube-apiserver/app"
	"k8s.io/kubernetes/cmd/kube-apiserver/app/options"
)

const patience = 120 * time.Second

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "apiserver:", err)
		os.Exit(1)
	}
}

func run() (err error) {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		stop()
	}()
	state, err := os.MkdirTemp("", "fluxbump-apiserver-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(state)) }()
	etcd, err := startEtcd(state)
	if err != nil {
		return err
	}
	defer etcd.Close()
	return serve(ctx, state, "unix://"+etcd.Clients[0].Addr().String())
}

// startEtcd keeps its sockets beside its data, where nobody else can reach them.
func startEtcd(state string) (*embed.Etcd, error) {
	config := embed.NewConfig()
	config.Dir = filepath.Join(state, "etcd")
	config.LogLevel = "fatal"
	config.UnsafeNoFsync = true // nobody reads it again
	// What it advertises matters to other members, and there are none.
	config.ListenClientUrls = []url.URL{{Scheme: "unix", Path: filepath.Join(state, "client")}}
	config.ListenPeerUrls = []url.URL{{Scheme: "unix", Path: filepath.Join(state, "peer")}}
	etcd, err := embed.StartEtcd(config)
	if err != nil {
		return nil, err
	}
	select {
	case <-etcd.Server.ReadyNotify():
		return etcd, nil
	case <-time.After(patience):
		etcd.Close()
		return nil, errors.New("etcd did not start")
	}
}

// serve returns when the context ends.
func serve(ctx context.Context, state, storage string) error {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	token, err := newToken()
	if err != nil {
		return err
	}
	completed, err := configure(ctx, listener, state, storage, token)
	if err != nil {
		return err
	}
	ended := make(chan error, 1)
	go func() { ended <- app.Run(ctx, completed) }()
	address := "https://" + listener.Addr().String()
	certificate, err := ready(ctx, ended, address, token, filepath.Join(state, "apiserver.crt"))
	if err != nil {
		return err
	}
	if err := announce(address, token, certificate); err != nil {
		return err
	}
	return <-ended
}

func newToken() (string, error) {
	random := make([]byte, 16)
	_, err := rand.Read(random)
	return hex.EncodeToString(random), err
}

// configure says what a cluster's own installer would, and leaves the rest at the server's defaults.
func configure(
	ctx context.Context, listener net.Listener, state, storage, token string,
) (options.CompletedOptions, error) {
	none := options.CompletedOptions{}
	tokens := filepath.Join(state, "tokens.csv")
	if err := os.WriteFile(tokens, []byte(token+",admin,admin,system:masters\n"), 0o600); err != nil {
		return none, err
	}
	signing := filepath.Join(state, "service-accounts.key")
	if err := writeKey(signing); err != nil {
		return none, err
	}
	chosen := options.NewServerRunOptions()
	flags := pflag.NewFlagSet("apiserver", pflag.ContinueOnError)
	for _, named := range chosen.Flags().FlagSets {
		flags.AddFlagSet(named)
	}
	err := flags.Parse([]string{
		"--authorization-mode=RBAC",
		"--cert-dir=" + state,
		"--enable-priority-and-fairness=false",
		"--endpoint-reconciler-type=none", // a service's endpoint is no loopback address
		"--etcd-servers=" + storage,
		"--service-account-issuer=https://kubernetes.default.svc",
		"--service-account-key-file=" + signing,
		"--service-account-signing-key-file=" + signing,
		"--service-cluster-ip-range=10.0.0.0/24",
		"--token-auth-file=" + tokens,
	})
	if err != nil {
		return none, err
	}
	address := listener.Addr().(*net.TCPAddr)
	chosen.SecureServing.Listener = listener
	chosen.SecureServing.BindPort = address.Port
	chosen.SecureServing.ExternalAddress = address.IP
	// The server is a client of itself, and warns itself of its own deprecations.
	rest.SetDefaultWarningHandler(rest.NoWarnings{})
	completed, err := chosen.Complete(ctx)
	if err != nil {
		return none, err
	}
	return completed, utilerrors.NewAggregate(completed.Validate())
}

func writeKey(path string) error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	text, err := keyutil.MarshalPrivateKeyToPEM(key)
	if err != nil {
		return err
	}
	return os.WriteFile(path, text, 0o600)
}

// ready waits until the server has its bootstrap roles and has read what definitions there are;
// it returns the certificate that the server made for itself.
func ready(
	ctx context.Context, ended <-chan error, address, token, path string,
) ([]byte, error) {
	certificate, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	trusted := x509.NewCertPool()
	trusted.AppendCertsFromPEM(certificate)
	client := http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: trusted}}}
	defer client.CloseIdleConnections()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address+"/readyz", nil)
	if err != nil {
		return nil, err
	}
	request.Header.Set("Authorization", "Bearer "+token)
	limit := time.After(patience)
	for {
		response, err := client.Do(request)
		if err == nil {
			_ = response.Body.Close()
			if response.StatusCode == http.StatusOK {
				return certificate, nil
			}
		}
		select {
		case err := <-ended:
			return nil, fmt.Errorf("the server ended before it was ready: %w", err)
		case <-limit:
			return nil, errors.New("the server did not become ready")
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// announce prints a kubeconfig on one line; JSON is YAML.
func announce(address, token string, certificate []byte) error {
	type object = map[string]any
	cluster := object{"server": address, "certificate-authority-data": certificate}
	return json.NewEncoder(os.Stdout).Encode(object{
		"apiVersion":      "v1",
		"kind":            "Config",
		"current-context": "test",
		"clusters":        []object{{"name": "test", "cluster": cluster}},
		"users":           []object{{"name": "test", "user": object{"token": token}}},
		"contexts": []object{
			{"name": "test", "context": object{"cluster": "test", "user": "test"}},
		},
	})
}
