// Command apiserver is the part of a Kubernetes API server that holds custom resource definitions.
//
// It is the server's own code over an etcd in the same process. It listens on the loopback
// interface, at a port that the system chooses; once it is ready it prints a kubeconfig with the
// one token that it takes. It ends, and removes what it stored, when its standard input ends.
package main

import (
	"context"
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

	"go.etcd.io/etcd/server/v3/embed"
	"k8s.io/apiextensions-apiserver/pkg/apiserver"
	"k8s.io/apiextensions-apiserver/pkg/cmd/server/options"
	generatedopenapi "k8s.io/apiextensions-apiserver/pkg/generated/openapi"
	"k8s.io/apiserver/pkg/authentication/authenticator"
	"k8s.io/apiserver/pkg/authentication/user"
	"k8s.io/apiserver/pkg/authorization/authorizerfactory"
	openapinamer "k8s.io/apiserver/pkg/endpoints/openapi"
	genericapiserver "k8s.io/apiserver/pkg/server"
	"k8s.io/apiserver/pkg/util/openapi"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
)

const patience = 60 * time.Second

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
	return serve(ctx, "unix://"+etcd.Clients[0].Addr().String())
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
func serve(ctx context.Context, storage string) error {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	config, certificate, err := configure(listener, storage)
	if err != nil {
		return err
	}
	server, err := config.Complete().New(genericapiserver.NewEmptyDelegate())
	if err != nil {
		return err
	}
	ended := make(chan error, 1)
	go func() { ended <- server.GenericAPIServer.PrepareRun().RunWithContext(ctx) }()
	loopback := config.GenericConfig.LoopbackClientConfig
	if err := ready(ctx, loopback); err != nil {
		return err
	}
	if err := announce(listener.Addr().String(), loopback.BearerToken, certificate); err != nil {
		return err
	}
	return <-ended
}

// configure leaves out what needs a core API server beside this one, and lets in nobody but the
// holder of the token that the server makes for itself.
func configure(listener net.Listener, storage string) (*apiserver.Config, []byte, error) {
	chosen := options.NewCustomResourceDefinitionsServerOptions(os.Stderr, os.Stderr)
	recommended := chosen.RecommendedOptions
	recommended.Authentication, recommended.Authorization = nil, nil
	recommended.Admission, recommended.CoreAPI = nil, nil
	recommended.Features.EnablePriorityAndFairness = false
	recommended.Etcd.StorageConfig.Transport.ServerList = []string{storage}
	serving := recommended.SecureServing
	serving.Listener = listener
	serving.BindPort = listener.Addr().(*net.TCPAddr).Port
	serving.ServerCert.CertDirectory = ""
	loopback := net.IPv4(127, 0, 0, 1)
	if err := chosen.Complete(); err != nil {
		return nil, nil, err
	}
	if err := serving.MaybeDefaultWithSelfSignedCerts("localhost", nil, []net.IP{loopback}); err != nil {
		return nil, nil, err
	}
	generic := genericapiserver.NewRecommendedConfig(apiserver.Codecs)
	if err := chosen.ServerRunOptions.ApplyTo(&generic.Config); err != nil {
		return nil, nil, err
	}
	if err := recommended.ApplyTo(generic); err != nil {
		return nil, nil, err
	}
	resources := apiserver.DefaultAPIResourceConfigSource()
	if err := chosen.APIEnablement.ApplyTo(&generic.Config, resources, apiserver.Scheme); err != nil {
		return nil, nil, err
	}
	generic.Authentication.Authenticator = authenticator.RequestFunc(nobody)
	generic.Authorization.Authorizer = authorizerfactory.NewPrivilegedGroups(user.SystemPrivilegedGroup)
	generic.OpenAPIV3Config = genericapiserver.DefaultOpenAPIV3Config(
		openapi.GetOpenAPIDefinitionsWithoutDisabledFeatures(generatedopenapi.GetOpenAPIDefinitions),
		openapinamer.NewDefinitionNamer(apiserver.Scheme, scheme.Scheme),
	)
	certificate, _ := serving.ServerCert.GeneratedCert.CurrentCertKeyContent()
	return &apiserver.Config{
		GenericConfig: generic,
		ExtraConfig: apiserver.ExtraConfig{
			CRDRESTOptionsGetter: options.NewCRDRESTOptionsGetter(
				*recommended.Etcd, generic.ResourceTransformers, generic.StorageObjectCountTracker,
			),
		},
	}, certificate, nil
}

// nobody is known by anything but the token.
func nobody(*http.Request) (*authenticator.Response, bool, error) { return nil, false, nil }

// ready waits until the server has read what definitions there are.
func ready(ctx context.Context, loopback *rest.Config) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	client, err := rest.HTTPClientFor(loopback)
	if err != nil {
		return err
	}
	for ctx.Err() == nil {
		response, err := client.Get(loopback.Host + "/readyz")
		if err == nil {
			_ = response.Body.Close()
			if response.StatusCode == http.StatusOK {
				return nil
			}
		}
		time.Sleep(50 * time.Millisecond)
	}
	return fmt.Errorf("the server did not become ready: %w", ctx.Err())
}

// announce prints a kubeconfig on one line; JSON is YAML.
func announce(address, token string, certificate []byte) error {
	type object = map[string]any
	cluster := object{"server": "https://" + address, "certificate-authority-data": certificate}
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
